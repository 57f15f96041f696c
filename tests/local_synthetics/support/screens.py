"""A screen in memory, for what only a person at a window sees and does."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_storedog_gate.local_synthetics.chromium.executable import NoChromiumError, find_chromium
from tests.conftest import missing, playwrights_own

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True)
class Screen:
    """`display`: how programs find it. `pixels`: the file with what it shows."""

    display: str
    pixels: Path

    def takes(self, *action: str) -> None:
        """Does with a real mouse and keyboard what xdotool calls so; skips without it."""
        if not (xdotool := shutil.which("xdotool")):
            missing("headed", "no xdotool, which moves mouse and keys")
        subprocess.run([xdotool, *action], env={"DISPLAY": self.display}, check=True)


@contextmanager
def screen(folder: Path) -> Iterator[Screen]:
    """A screen until the block ends; skips where nothing could be seen on it."""
    if not (server := shutil.which("Xvfb")):
        missing("headed", "no Xvfb, which shows windows without a screen")
    try:
        find_chromium({**os.environ, "DISPLAY": ":0"}, playwrights_own(), headed=True)
    except NoChromiumError as error:
        missing("headed", str(error))
    # It would begin anew whenever its last client goes, and take none meanwhile.
    options = ("-noreset", "-screen", "0", "1600x1200x24")
    command = [server, *options, "-fbdir", str(folder), "-displayfd", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Screen(f":{process.stdout.readline().strip()}", folder / "Xvfb_screen0")
        finally:
            process.terminate()
