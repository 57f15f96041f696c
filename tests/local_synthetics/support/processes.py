"""The service as a process of its own, and what can be seen of a process."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tests.local_synthetics.support.service import Service
from tests.repository import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVICE = [sys.executable, "-m", "pytest_storedog_gate.local_synthetics"]
COMMANDS = [sys.executable, "-m", "pytest_storedog_gate.synthetics_cli"]


@contextmanager
def running(*arguments: str, **environment: str) -> Iterator[tuple[subprocess.Popen[str], Service]]:
    process = subprocess.Popen(
        [*SERVICE, "serve", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, **environment},
    )
    with process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith("listening on http://"), line
            with Service(line.split()[-1]) as client:
                yield process, client
        finally:
            process.kill()


def peak_memory(pid: int) -> int:
    """The most memory that the process ever had, in bytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found
    return int(found[1]) * 1024


def forget_peak_memory(pid: int) -> None:
    """Let the peak be what the process has now."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def below(parent: int) -> dict[str, tuple[str, str]]:
    """The command line and the environment of all processes below one, by their ID."""
    found: dict[str, tuple[str, str]] = {}
    children: list[str] = []
    for listed in Path(f"/proc/{parent}/task").glob("*/children"):
        with suppress(OSError):  # the thread has ended
            children += listed.read_text().split()
    for pid in children:
        with suppress(OSError):  # it has ended, and its neighbours have not
            command, environment = (
                Path(f"/proc/{pid}/{what}").read_bytes().decode(errors="replace")
                for what in ("cmdline", "environ")
            )
            found |= {pid: (command, environment), **below(int(pid))}
    return found
