"""Background processes of the lab: only those that it started are ever stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

from lab.scripts.state import LOGS, STATE, LabError, log_tail

_RECORD = STATE / "processes.json"
_STOP_TIMEOUT = 40.0
_Record = dict[str, dict[str, int]]


def start(name: str, command: list[str]) -> subprocess.Popen[bytes]:
    """Starts a process in a session of its own, so that it outlives this one; output in a log."""
    LOGS.mkdir(parents=True, exist_ok=True)
    with (LOGS / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    _write(_read() | {name: {"pid": process.pid, "started": _start_time(process.pid) or 0}})
    return process


def still_running(name: str, process: subprocess.Popen[bytes]) -> None:
    """Raises with the end of its log when the process has ended."""
    if process.poll() is not None:
        raise LabError(
            f"{name} ended with status {process.returncode}; the end of {LOGS / name}.log:\n"
            + log_tail(LOGS / f"{name}.log")
        )


def stop(name: str) -> bool:
    """Stops the process recorded under `name`; False if it does not run, or is another one's."""
    record = _read()
    entry = record.pop(name, None)
    if entry is None:
        return False
    # A number can be given to a new process; its start time tells the two apart.
    runs = _start_time(entry["pid"]) == entry["started"]
    if runs:
        _terminate(entry["pid"], entry["started"])
    _write(record)
    return runs


def _terminate(pid: int, started: int) -> None:
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_TIMEOUT
    while _start_time(pid) == started:
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            return
        time.sleep(0.1)


def _start_time(pid: int) -> int | None:
    """When a process started, in the kernel's ticks; None if it is gone (proc(5), stat)."""
    try:
        # The second field is the program's name in brackets, which may hold anything.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, start_time = fields[0], fields[19]
    return None if state == "Z" else int(start_time)


def _read() -> _Record:
    if not _RECORD.exists():
        return {}
    record: _Record = json.loads(_RECORD.read_text())
    return record


def _write(record: _Record) -> None:
    _RECORD.write_text(json.dumps(record, indent=2) + "\n")
