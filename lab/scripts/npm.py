"""The real datadog-ci for tests/npm: installed from npm, exactly as its lock file pins it."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from . import packages
from .progress import say, step
from .state import LAB, LOGS, LabError, log_tail

_PINNED = LAB.parent / "tests" / "npm"
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
        _npm_ci(folder)
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


def _npm_ci(folder: Path) -> None:
    LOGS.mkdir(parents=True, exist_ok=True)
    path = LOGS / "npm.log"
    with path.open("wb") as log:
        done = subprocess.run(
            ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode != 0:
        raise LabError(f"npm ci failed; the end of {path}:\n{log_tail(path)}")
