"""Which Chromium browser tests run in."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

VARIABLE = "STOREDOG_CHROMIUM"
# A headless shell starts sooner and has all that a test needs.
ON_PATH = ("chromium-headless-shell", "chromium", "google-chrome")
_HEADLESS = "headless"  # in the name of every build without windows


class NoChromiumError(Exception):
    """No Chromium can be started; the message says what to install or set."""


def find_chromium(
    environment: Mapping[str, str], playwrights_own: Path, *, headed: bool = False
) -> Path:
    """The executable: the environment's choice, else Playwright's own, else one on PATH.

    `playwrights_own`: where Playwright would keep its download, present or not. `headed`: one that
    shows windows, which a headless shell has not.

    Raises `NoChromiumError` where there is none, where the environment names none that runs (a
    choice is never replaced by another browser), and for windows without a display.
    """
    if headed and not (environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY")):
        raise NoChromiumError(
            "--headed needs a display, and DISPLAY is not set: run this in a desktop session or"
            " under xvfb-run, or leave the option out"
        )
    names = [name for name in ON_PATH if not (headed and _HEADLESS in name)]
    found = _find(environment, playwrights_own, names)
    if headed and (_HEADLESS in found.name or _HEADLESS in found.resolve().name):
        raise NoChromiumError(
            f"--headed needs a whole Chromium, and {VARIABLE} names a headless shell, which has no"
            " windows: name another one, or leave the option out"
        )
    return found


def _find(environment: Mapping[str, str], playwrights_own: Path, names: Sequence[str]) -> Path:
    if chosen := environment.get(VARIABLE):
        if found := shutil.which(chosen, path=""):
            return Path(found)
        raise NoChromiumError(f"{VARIABLE} is {chosen!r}, which is not an executable file")
    for name in (str(playwrights_own), *names):
        if found := shutil.which(name, path=environment.get("PATH", "")):
            return Path(found)
    raise NoChromiumError(
        f"no Chromium: run 'playwright install chromium', install one of {', '.join(names)},"
        f" or set {VARIABLE} to an executable file"
    )
