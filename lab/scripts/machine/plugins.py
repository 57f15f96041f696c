"""Plugins of pytest that cannot be in one environment with others, in a folder of their own."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from lab.scripts import logged
from lab.scripts.progress import say, step
from lab.scripts.state import CACHE

if TYPE_CHECKING:
    from pathlib import Path

_PINNED = "pytest-tldr==0.2.6"  # it replaces the reporter of every pytest that finds it


def ensure() -> None:
    """Installs them in the user's cache, once for each version."""
    found = folder()
    if found.exists():
        say(f"{_PINNED}: there already, in {found}")
        return
    unfinished = found.with_name(f"{found.name}.unfinished")
    install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target"]
    with step(f"{_PINNED}: pip install in {found}"):
        logged.run([*install, str(unfinished), _PINNED], "plugins.log", what="pip install")
    unfinished.rename(found)


def folder() -> Path:
    """Where they are installed; a path for PYTHONPATH."""
    return CACHE / _PINNED
