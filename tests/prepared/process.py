"""A Python that has imported what runs of the gate import, and forks itself for each of them.

A run is a process of its own: its directory, environment, standard streams, memory, children and
exit status are. Only the start of the interpreter and the imports, three quarters of what a run
costs, are not done again; where they could come out differently (see start.py), Python is started
as usual. The run keeps some forks of itself for the Pythons that it starts: the local service and
xdist's workers.

`python -m tests.prepared.process SOCKET [OPTION...]`, with pytest's options that all runs have.
"""

from __future__ import annotations

import gc
import importlib
import os
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import chdir, redirect_stdout, suppress
from pathlib import Path
from typing import Any

from tests.prepared import installed, start
from tests.prepared.jobs import Job, receive, send, send_status

# What pytest imports late, and the gate and its local service once they are asked for.
_LATE = (
    *("execnet", "xdist.dsession", "xdist.looponfail", "xdist.remote"),
    *("faulthandler", "pdb", "xml.etree.ElementTree", "docker"),
    "pytest_storedog_gate.deploy.docker.strategies.recreate",
    "pytest_storedog_gate.pytest_side.exit_guard",
    "pytest_storedog_gate.pytest_side.fixtures",
    "pytest_storedog_gate.pytest_side.roles.in_process",
    "pytest_storedog_gate.pytest_side.roles.over_workers",
    "pytest_storedog_gate.pytest_side.roles.looking",
    "pytest_storedog_gate.pytest_side.roles.which",
    "pytest_storedog_gate.pytest_side.roles.worker",
    "pytest_storedog_gate.local_synthetics.api.server",
    "pytest_storedog_gate.local_synthetics.command_line",
    "pytest_storedog_gate.local_synthetics.kinds.http.check",
    *("httpx", "httpcore", "h2.connection", "anyio.streams.tls", "anyio._backends._asyncio"),
    *("uvicorn.lifespan.off", "uvicorn.lifespan.on", "uvicorn.protocols.http.h11_impl", "uvloop"),
)
_PATIENCE = 30.0  # s
_WORKERS = re.compile("-n([0-9]+)$")
# A start with nothing out of the ordinary, but perhaps in a process group of its own.
_PLAIN = (True, False, None, None, None, -1, None)


def main() -> Job:
    """The job of this process, which is a fork of the one that was started."""
    connection = socket.socket(fileno=int(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is for the runs
    sys.path[:] = start.LIBRARIES
    installed.remember()
    _import(sys.argv[2:])
    gc.freeze()  # what is there stays, and no collector touches the pages that are shared
    runs: dict[int, tuple[int, socket.socket]] = {}  # by what tells that the process has ended
    while True:
        for ready in select.select([connection.fileno(), *runs], [], [])[0]:
            if ready in runs:
                pid, line = runs.pop(ready)
                with line, suppress(BrokenPipeError):  # nobody may wait for it any more
                    send_status(line, os.waitpid(pid, 0)[1])
                os.close(ready)
            elif not (job := receive(connection)):
                os._exit(0)
            else:
                line = socket.socket(fileno=job.streams.pop())
                if not (pid := os.fork()):
                    for one in (connection, line, *(line for _, line in runs.values())):
                        one.close()
                    return _with_spares(job)
                job.close()
                runs[os.pidfd_open(pid)] = (pid, line)


def _import(options: list[str]) -> None:
    import pytest  # noqa: PLC0415

    with (
        tempfile.TemporaryDirectory() as folder,
        chdir(folder),
        Path(os.devnull).open("w") as nowhere,
        redirect_stdout(nowhere),
    ):
        # Imports all plugins as pytest does it, and starts none.
        command = ["--version", "--version", "--rootdir=.", *options]
        pytest.main(command, plugins=[_Late()])
    tempfile.tempdir = None
    for name in ("LINES", "COLUMNS"):  # readline, which pdb imports, tells them to all children
        if name not in os.environ:
            os.unsetenv(name)
    # A thread of what the service does not use, which would have no part in a fork.
    sys.modules["quickjs"].Function._threadpool.shutdown()
    for name in [one for one in sys.modules if one.partition(".")[0] == "tests"]:
        del sys.modules[name]
    # One that has been joined is gone from the kernel a moment later.
    tasks, until = Path("/proc/self/task"), time.monotonic() + _PATIENCE
    while len(threads := [*tasks.iterdir()]) > 1 and time.monotonic() < until:
        time.sleep(0.001)
    assert len(threads) == 1, "a fork has only the thread that forks"


class _Late:
    def pytest_cmdline_main(self) -> None:
        for name in _LATE:
            importlib.import_module(name)


def _with_spares(job: Job) -> Job:
    workers = sum(int(found[1]) for one in job.args if (found := _WORKERS.match(one)))
    spares: list[tuple[int, socket.socket]] = []
    for _ in range(workers + 1):
        ours, theirs = socket.socketpair()
        if not (pid := os.fork()):
            ours.close()
            job.close()
            return _as_spare(theirs)
        theirs.close()
        spares.append((pid, ours))
    _start_by(spares)
    return job


def _as_spare(connection: socket.socket) -> Job:
    job = receive(connection)
    if job is None:  # the run is over
        os._exit(0)
    connection.close()
    return job


def _start_by(spares: list[tuple[int, socket.socket]]) -> None:
    """Lets subprocess take a spare for what would have started a Python like this one."""
    fork_exec = subprocess._fork_exec  # type: ignore[attr-defined]

    def take(args: list[Any], executables: tuple[bytes, ...], *how: Any) -> int:
        _, keep, cwd, env, stdin, _, _, stdout, _, stderr, _, error, *more = how
        same = executables == (os.fsencode(sys.executable),) and start.understood(args)
        restored, session, group, *others = more[:8]
        plain = keep == (error,) and (restored, session, *others) == _PLAIN
        if not (spares and same and plain and signal.getsignal(signal.SIGINT) != signal.SIG_IGN):
            return int(fork_exec(args, executables, *how))
        pid, connection = spares.pop(0)
        if group >= 0:
            os.setpgid(pid, group)
        pairs = os.environb.items() if env is None else (pair.split(b"=", 1) for pair in env)
        variables = {os.fsdecode(name): os.fsdecode(value) for name, value in pairs}
        streams = [n if given == -1 else given for n, given in enumerate((stdin, stdout, stderr))]
        with connection:
            send(connection, Job(args, os.fspath(cwd or Path.cwd()), variables, streams))
        return pid

    subprocess._USE_POSIX_SPAWN = False  # type: ignore[misc]
    subprocess._fork_exec = take  # type: ignore[attr-defined]


if __name__ == "__main__":
    start.python(main())
