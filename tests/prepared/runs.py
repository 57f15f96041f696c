"""The prepared process as tests use it: in the place of `Pytester.popen`."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from socket import socketpair
from typing import IO, TYPE_CHECKING

from tests.prepared.jobs import Job, receive_status, send
from tests.repository import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from socket import socket

# Before a test changes it.
_ENVIRONMENT = {name: value for name, value in os.environ.items() if "PYTEST" not in name}


class Run:
    """A run of the gate, as much of a `subprocess.Popen` as `Pytester.run` uses."""

    stdin = None

    def __init__(self, connection: socket) -> None:
        self._connection = connection

    def wait(self) -> int:
        """The exit status, or the negative number of the signal that ended it."""
        return os.waitstatus_to_exitcode(receive_status(self._connection))


@contextmanager
def prepared(options: Sequence[str]) -> Iterator[socket]:
    """The process, started once, with the options that all runs have; it ends with this one."""
    ours, theirs = socketpair()
    with ours, theirs:
        command = [sys.executable, "-m", "tests.prepared.process", str(theirs.fileno()), *options]
        process = subprocess.Popen(command, pass_fds=[theirs.fileno()], env=_ENVIRONMENT, cwd=ROOT)
        theirs.close()
        yield ours
    process.wait()


def popen_by(
    connection: socket, usual: Callable[..., subprocess.Popen[bytes]]
) -> Callable[..., subprocess.Popen[bytes] | Run]:
    """A `Pytester.popen` that lets runs of the gate be done by the prepared process."""

    def popen(
        command: Sequence[str], *, stdin: object, stdout: IO[str], stderr: IO[str]
    ) -> subprocess.Popen[bytes] | Run:
        # Without the gate a run imports nothing of it.
        gated = any(one.startswith("--storedog-env") for one in command)
        if command[:2] != (sys.executable, "-mpytest") or not gated:
            return usual(command, stdin=stdin, stdout=stdout, stderr=stderr)
        here = str(Path.cwd())
        path = os.pathsep.join(filter(None, (here, os.environ.get("PYTHONPATH"))))
        read, write = os.pipe()
        os.close(write)
        try:
            streams = [read, stdout.fileno(), stderr.fileno()]
            send(connection, Job(list(command), here, {**os.environ, "PYTHONPATH": path}, streams))
        finally:
            os.close(read)
        return Run(connection)

    return popen
