"""Where the lab keeps its files, and what it says when it cannot go on."""

from __future__ import annotations

import os
import secrets
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

LAB = Path(__file__).resolve().parent.parent
STATE = LAB / ".state"
LOGS = STATE / "logs"
REPORTS = STATE / "reports"
SETTINGS = STATE / "env"
# What takes long to make and is the same for every lab: lab/down leaves it.
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "storedog-gate"


class LabError(Exception):
    """The lab cannot go on; the text says why and what to do."""


@contextmanager
def one_sentence() -> Iterator[None]:
    """Ends the process with exit 1 and the sentence of a `LabError`, or 130 at Ctrl-C."""
    try:
        yield
    except LabError as error:
        sys.exit(f"lab: {error}")
    except KeyboardInterrupt:
        print("lab: interrupted; run it again to go on, or lab/down to remove everything")
        sys.exit(130)


def log_tail(path: Path, lines: int = 10) -> str:
    """The end of a log, for an error's text."""
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])


def write_secret(path: Path, text: str) -> None:
    """Writes a file that only its owner reads; whole, or, where this is killed, not at all."""
    unfinished = path.with_name(f"{path.name}.unfinished")
    unfinished.touch(mode=0o600)
    unfinished.write_text(text)
    unfinished.replace(path)


def database_password() -> str:
    """The password of the lab's databases, made once and kept where only its owner reads it."""
    path = STATE / "database-password"
    if not path.exists():
        password = secrets.token_urlsafe(24)
        write_secret(
            SETTINGS,
            f"export STOREDOG_DB_PASSWORD='{password}'\n"
            f"export PATH='{STATE / 'venv' / 'bin'}':\"$PATH\"\n",
        )
        write_secret(path, password)
    return path.read_text()
