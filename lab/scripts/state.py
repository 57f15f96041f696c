"""Where the lab keeps its files, and what it says when it cannot go on."""

from __future__ import annotations

import os
import secrets
import subprocess
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
# What signs staging's verdicts, and what verifies them: storedog.toml names the second.
KEYS = LAB / "keys"
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
        write_secret(path, secrets.token_urlsafe(24))
    return path.read_text()


def signing_key() -> str:
    """The key that signs staging's verdicts, made once as a user would."""
    path = KEYS / "staging.key"
    if not path.exists():
        command = Path(sys.executable).with_name("storedog-gate")
        made = subprocess.run(
            [command, "keygen", path.with_suffix("")], check=False, stdout=subprocess.DEVNULL
        )
        if made.returncode != 0:
            raise LabError(f"no key to sign with in {KEYS}; the sentence above says why")
    return path.read_text()


def write_settings(*more: str) -> None:
    """What a person's shell needs for runs of the gate, as a file to be read with `.`.

    `more` are further lines of it.
    """
    signing_key()
    write_secret(
        SETTINGS,
        f"export STOREDOG_DB_PASSWORD='{database_password()}'\n"
        f"export STOREDOG_SIGNING_KEY=\"$(cat '{KEYS / 'staging.key'}')\"\n"
        f"export PATH='{STATE / 'venv' / 'bin'}':\"$PATH\"\n"
        + "".join(f"{line}\n" for line in more),
    )
