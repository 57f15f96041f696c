"""The prepared process as tests use it: in the place of `Pytester.popen` and `subprocess.run`."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from socket import socketpair
from threading import Lock
from typing import IO, TYPE_CHECKING

import pytest

from tests.prepared.jobs import Job, receive_status, send
from tests.repository import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from socket import socket

# Before a test changes it.
_ENVIRONMENT = {name: value for name, value in os.environ.items() if "PYTEST" not in name}

AS_USUAL = "PYTHONHASHSEED"
"""The interpreter reads it, so that Python is started as usual where it is set; see start.py."""


class Run:
    """A run of the gate, as much of a `subprocess.Popen` as `Pytester.run` uses."""

    stdin = None

    def __init__(self, line: socket) -> None:
        self._line = line

    def wait(self) -> int:
        """The exit status, or the negative number of the signal that ended it."""
        with self._line:
            return os.waitstatus_to_exitcode(receive_status(self._line))


@pytest.fixture
def started_as_usual(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python starts as usual, as for who looks at command lines: a fork has another one's."""
    monkeypatch.setenv(AS_USUAL, "random")


class Prepared:
    """The process, for those who have a Python to start."""

    def __init__(self, connection: socket) -> None:
        self._connection = connection
        self._turn = Lock()

    def start(
        self,
        args: Sequence[str],
        cwd: str,
        env: Mapping[str, str],
        stdout: IO[str],
        stderr: IO[str],
    ) -> Run:
        """With nothing on its standard input."""
        ours, theirs = socketpair()
        read, write = os.pipe()
        os.close(write)
        streams = [read, stdout.fileno(), stderr.fileno(), theirs.fileno()]
        try:
            with theirs, self._turn:
                send(self._connection, Job(list(args), cwd, dict(env), streams))
        finally:
            os.close(read)
        return Run(ours)

    def run(
        self, args: Sequence[str], cwd: Path, env: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        """As `subprocess.run` does it with its standard error in its standard output."""
        with tempfile.TemporaryFile("w+", encoding="utf-8") as said:
            status = self.start(args, str(cwd), env, said, said).wait()
            said.seek(0)
            return subprocess.CompletedProcess(args, status, said.read())

    def popen_or(
        self, usual: Callable[..., subprocess.Popen[bytes]]
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
            return self.start(command, here, {**os.environ, "PYTHONPATH": path}, stdout, stderr)

        return popen


@contextmanager
def prepared(options: Sequence[str]) -> Iterator[Prepared]:
    """The process, started once, with the options that all runs have; it ends with this one."""
    ours, theirs = socketpair()
    with ours, theirs:
        command = [sys.executable, "-m", "tests.prepared.process", str(theirs.fileno()), *options]
        process = subprocess.Popen(command, pass_fds=[theirs.fileno()], env=_ENVIRONMENT, cwd=ROOT)
        theirs.close()
        yield Prepared(ours)
    process.wait()
