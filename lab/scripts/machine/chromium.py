"""A Chromium for the browser tests: one that is there, else Debian's headless shell."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from lab.scripts.machine import packages
from lab.scripts.progress import say
from lab.scripts.state import LabError
from pytest_storedog_gate.local_synthetics.chromium.executable import ON_PATH, VARIABLE


def ensure() -> None:
    """Installs it where none is chosen and none is on PATH."""
    if chosen := os.environ.get(VARIABLE):
        say(f"Chromium: {chosen}, as {VARIABLE} says")
        return
    for name in ON_PATH:
        if found := shutil.which(name):
            say(f"Chromium: there already, {found}")
            return
    if os.geteuid() != 0 or not Path("/etc/debian_version").exists():
        raise LabError(
            "the browser tests need a Chromium, which is installed only as root on Debian; "
            f"install one, or name one with {VARIABLE}, and run this again"
        )
    packages.need(chromium_headless_shell="chromium-headless-shell")
