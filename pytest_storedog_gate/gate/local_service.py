"""The local Synthetics service as a process of its own, for `backend = "local"`."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import tempfile
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import IO, TYPE_CHECKING

from pytest_storedog_gate.errors import ConfigurationError, ExitStatus, NoVerdict
from pytest_storedog_gate.gate.service_user import service_user
from pytest_storedog_gate.outlets.child_environment import child_environment
from pytest_storedog_gate.settings.secret_values import GLOBALS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pytest_storedog_gate.gate.service_user import ServiceUser

_ANNOUNCEMENT = "listening on "
_STOP_TIMEOUT = 10.0


class LocalService:
    """A process that may still be starting, and the key without which it does not answer."""

    def __init__(self, process: subprocess.Popen[str], complaints: IO[str], key: str) -> None:
        self.key = key
        self._process, self._complaints = process, complaints

    @cached_property
    def url(self) -> str:
        """Where it answers, once it does. Raises ConfigurationError, NoVerdict."""
        return _address(self._process, self._complaints)


@contextmanager
def running(
    definitions: Sequence[str],
    *,
    smtp: str | None = None,
    artifacts: Path | None = None,
    soon: Sequence[str] = (),
) -> Iterator[LocalService]:
    """Starts the service on a free port of loopback; stops it at the end.

    `smtp` is the HOST:PORT where it receives mail, if it is to do so; `artifacts` is the directory
    for what it keeps of browser tests that failed; `soon` are the public IDs of tests that will
    run, which it makes ready for.
    The service watches its standard input, so it ends with this process even when that is killed.
    It answers this run alone: every user of the machine can reach loopback, and who can change a
    check can open the gate. The key comes by standard input, as arguments and environments can be
    read by others.

    Raises ConfigurationError, NoVerdict.
    """
    command = [sys.executable, "-m", "pytest_storedog_gate.local_synthetics", "serve"]
    command += ["--until-stdin-closes", "--key-from-stdin", "--port", "0"]
    for pattern in definitions:
        command += ["--definitions", pattern]
    for public_id in soon:
        command += ["--soon", public_id]
    if smtp:
        command += ["--smtp", smtp]
    user = service_user()
    if artifacts:
        if user:
            user.give(artifacts)
        command += ["--artifacts", str(artifacts)]
    key = secrets.token_urlsafe(32)
    # A file, not a pipe: nobody reads it while the service runs, and a full pipe would stop it.
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8") as complaints,
        _started(command, complaints, user) as process,
    ):
        try:
            _tell(process, key)
            yield LocalService(process, complaints, key)
        finally:
            _stop(process)


def _started(
    command: Sequence[str], complaints: IO[str], user: ServiceUser | None
) -> subprocess.Popen[str]:
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
            env={
                **child_environment(prefix=GLOBALS),
                **(user.environment if user else {}),
            },
            **(user.process if user else {}),
        )
    except OSError as error:
        whose = f" as {user.account.pw_name}" if user else ""
        raise NoVerdict(
            f"the local Synthetics service cannot be started{whose}: {command[0]}: {error.strerror}"
        ) from None


def _tell(process: subprocess.Popen[str], key: str) -> None:
    assert process.stdin is not None  # noqa: S101  # it is a pipe
    with suppress(BrokenPipeError):  # it has ended, and says why
        # Past the buffer, which would be written again when it is closed.
        os.write(process.stdin.fileno(), f"{key}\n".encode())


def _address(process: subprocess.Popen[str], complaints: IO[str]) -> str:
    assert process.stdout is not None  # noqa: S101  # it is a pipe
    line = process.stdout.readline().strip()
    if line.startswith(_ANNOUNCEMENT):
        return line.removeprefix(_ANNOUNCEMENT)
    with suppress(subprocess.TimeoutExpired):  # of one that says something else, and goes on
        process.wait(_STOP_TIMEOUT)
    complaints.seek(0)
    sentence = complaints.read().strip().rpartition("\n")[2]
    if process.returncode == ExitStatus.USAGE:
        raise ConfigurationError(sentence)
    raise NoVerdict(
        f"the local Synthetics service did not start: {sentence or line or 'no reason'}"
    )


def _stop(process: subprocess.Popen[str]) -> None:
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.communicate(timeout=_STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
