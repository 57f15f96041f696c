"""The real datadog-ci for tests/npm: installed from npm, exactly as its lock file pins it."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from . import logged, packages
from .progress import say, step
from .state import LAB, LabError

_PINNED = LAB.parent / "tests" / "npm"
_CI = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
_FILES = ("package.json", "package-lock.json")


def ensure() -> None:
    """Runs `npm ci` in a folder of the user's cache, once for each lock file."""
    folder = _folder()
    done = folder / "done"
    if done.exists():
        say(f"datadog-ci: there already, in {folder}")
        return
    _need_npm()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in _FILES:
        shutil.copy(_PINNED / name, folder)
    with step(f"datadog-ci: npm ci in {folder}"):
        logged.run(_CI, "npm.log", what="npm ci", cwd=folder)
    done.touch()


def _folder() -> Path:
    # tests/npm/conftest.py looks there too.
    lock = (_PINNED / "package-lock.json").read_bytes()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "storedog-gate" / hashlib.sha256(lock).hexdigest()[:12]


def _need_npm() -> None:
    if shutil.which("npm"):
        return
    if os.geteuid() != 0 or not Path("/etc/debian_version").exists():
        raise LabError(
            "the tests against datadog-ci need npm, which is installed only as root on Debian; "
            "install it and run this again"
        )
    packages.need(npm="npm")
