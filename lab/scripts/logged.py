"""A program that does its work in silence: its output is a log, shown where it fails."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from lab.scripts.state import LOGS, LabError, log_tail

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def run(
    command: Sequence[str], log: str, *, what: str, cwd: Path | None = None, **environment: str
) -> None:
    """Runs it, with its output at the end of that log. Raises LabError, which names `what`."""
    LOGS.mkdir(parents=True, exist_ok=True)
    path = LOGS / log
    with path.open("ab") as output:
        done = subprocess.run(
            command,
            cwd=cwd,
            env=os.environ | environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode != 0:
        raise LabError(f"{what} failed; the end of {path}:\n{log_tail(path)}")
