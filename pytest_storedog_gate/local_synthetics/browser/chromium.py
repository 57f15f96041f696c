"""Which Chromium browser tests run in."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLE = "STOREDOG_CHROMIUM"
ON_PATH = ("chromium", "chromium-headless-shell", "google-chrome")


class NoChromiumError(Exception):
    """No Chromium can be started; the message says what to install or set."""


def find_chromium(environment: Mapping[str, str], playwrights_own: Path) -> Path:
    """The executable: the environment's choice, else Playwright's own, else one on PATH.

    `playwrights_own`: where Playwright would keep its download, present or not.

    Raises `NoChromiumError` where there is none, or where the environment names none that runs:
    a choice is never replaced by another browser.
    """
    if chosen := environment.get(VARIABLE):
        if found := shutil.which(chosen, path=""):
            return Path(found)
        raise NoChromiumError(f"{VARIABLE} is {chosen!r}, which is not an executable file")
    if found := shutil.which(str(playwrights_own), path=""):
        return Path(found)
    for name in ON_PATH:
        if found := shutil.which(name, path=environment.get("PATH", "")):
            return Path(found)
    raise NoChromiumError(
        f"no Chromium: run 'playwright install chromium', install one of {', '.join(ON_PATH)},"
        f" or set {VARIABLE} to an executable file"
    )
