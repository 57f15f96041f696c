"""The gate as somebody with a Datadog account installs it: without extras, which others pay for.

Each package with a plugin for pytest, as an extra's may be, is loaded by every pytest beside it.
"""

from __future__ import annotations

import hashlib
import sys
from functools import cache
from pathlib import Path

from lab.scripts import logged
from lab.scripts.progress import step
from lab.scripts.state import STATE

_ROOT = Path(__file__).resolve().parents[1]
_VENV = STATE / "bench-plain-venv"


@cache
def python() -> str:
    """The Python of a virtual environment that has it, made where it is missing or out of date."""
    found, done = _VENV / "bin" / "python", _VENV / "done"
    wanted = hashlib.sha256((_ROOT / "pyproject.toml").read_bytes()).hexdigest()
    if not done.exists() or done.read_text("ascii") != wanted:
        with step(f"virtual environment {_VENV}"):
            logged.run(
                (sys.executable, "-m", "venv", "--clear", str(_VENV)), "bench.log", what="venv"
            )
            install = (str(found), "-m", "pip", "install", "-q", "-e", str(_ROOT))
            logged.run(install, "bench.log", what="pip install")
        done.write_text(wanted, "ascii")
    return str(found)
