"""What one command takes: its time, and the CPU and memory of all its processes.

The kernel counts a process's memory from before it is another program, so this file is also the
small program that starts the command: what it holds itself is below anything that is measured.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_LIMIT = 900  # s
_SHOWN = 2000  # characters of the output of a command that failed


class FailedError(Exception):
    """A command that is measured did not do what it is measured for; the text says how it ended."""


def measured(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    *,
    within: float = _LIMIT,
) -> dict[str, float]:
    """Run a command in a folder: seconds of `wall` and `CPU`, MiB of `memory`, `began` and `ended`.

    CPU is the whole tree's, memory its largest process's at its peak; the last two are times of the
    monotonic clock, which all processes share. FailedError for another exit status than 0, and for
    what does not end `within` so many seconds.
    """
    told, said = folder / ".usage.json", folder / ".output"
    launcher = (sys.executable, "-I", "-S", __file__, str(told))
    with (
        said.open("wb") as output,
        subprocess.Popen(
            [*launcher, *command],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as started,
    ):
        try:
            ended = started.wait(within)
        except subprocess.TimeoutExpired:
            raise FailedError(f"{' '.join(command)[:200]} takes over {within:g} s") from None
        finally:
            if started.returncode is None:
                os.killpg(started.pid, signal.SIGKILL)
    if ended != 0:
        shown = said.read_text(errors="replace")[-_SHOWN:]
        raise FailedError(f"{' '.join(command)[:200]} exits with {ended}: {shown}")
    usage: dict[str, float] = json.loads(told.read_text(encoding="ascii"))
    return usage


def own_environment(folder: Path, **more: str) -> dict[str, str]:
    """A process's environment with `folder` as its home, and little of this process's own."""
    kept = ("PATH", "LANG", "TMPDIR", "PYTEST_ADDOPTS", "DOCKER_HOST")
    own = {name: os.environ[name] for name in kept if name in os.environ}
    return {**own, "HOME": str(folder), "NO_COLOR": "1", "NO_PROXY": "127.0.0.1", **more}


def _main(told: str, *command: str) -> int:
    began = time.monotonic()
    started = subprocess.Popen(command)
    _, status, usage = os.wait4(started.pid, 0)
    started.returncode = os.waitstatus_to_exitcode(status)
    ended = time.monotonic()
    figures = {
        "wall": ended - began,
        "CPU": usage.ru_utime + usage.ru_stime,
        "memory": usage.ru_maxrss / 1024,
        "began": began,
        "ended": ended,
    }
    Path(told).write_text(json.dumps(figures), encoding="ascii")
    return started.returncode


if __name__ == "__main__":
    sys.exit(_main(*sys.argv[1:]))
