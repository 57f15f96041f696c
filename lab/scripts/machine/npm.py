"""The real datadog-ci for tests/npm: installed from npm, exactly as its lock file pins it."""

from __future__ import annotations

import hashlib
import shutil
from typing import TYPE_CHECKING

from lab.scripts import logged
from lab.scripts.machine import packages
from lab.scripts.progress import say, step
from lab.scripts.state import CACHE, LAB

if TYPE_CHECKING:
    from pathlib import Path

_PINNED = LAB.parent / "tests" / "npm"
_CI = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
_FILES = ("package.json", "package-lock.json")


def ensure() -> None:
    """Runs `npm ci` in a folder of the user's cache, once for each lock file."""
    found = folder()
    done = found / "done"
    if done.exists():
        say(f"datadog-ci: there already, in {found}")
        return
    packages.need(npm="npm")
    shutil.rmtree(found, ignore_errors=True)
    found.mkdir(parents=True)
    for name in _FILES:
        shutil.copy(_PINNED / name, found)
    with step(f"datadog-ci: npm ci in {found}"):
        logged.run(_CI, "npm.log", what="npm ci", cwd=found)
    done.touch()


def node() -> str | None:
    """A Node that all of it accepts; None where there is none."""
    own = sorted((folder() / "node_modules").glob("node-linux-*/bin/node"))
    return str(own[0]) if own else shutil.which("node")


def datadog_ci() -> Path:
    """The script that is datadog-ci."""
    return folder() / "node_modules" / "@datadog" / "datadog-ci" / "dist" / "bundle.js"


def folder() -> Path:
    """Where it is installed, for this lock file."""
    lock = (_PINNED / "package-lock.json").read_bytes()
    return CACHE / hashlib.sha256(lock).hexdigest()[:12]
