"""The local Synthetics service as a process of its own, for `backend = "local"`.

A run is root where the engine's socket is root's. What opens the pages of others needs none of
that: Chromium has no sandbox as root, and who breaks out of it would have the engine. So the
environment can name another user, whose the service of a run by root is.
"""

from __future__ import annotations

import os
import pwd
import secrets
import stat
import subprocess
import sys
import tempfile
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any

from pytest_storedog_gate.errors import ConfigurationError, ExitStatus, NoVerdict
from pytest_storedog_gate.outlets.child_environment import child_environment
from pytest_storedog_gate.outlets.whole_file import refuse_links
from pytest_storedog_gate.settings.secret_values import GLOBALS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pytest_storedog_gate.settings.synthetics import Artifacts

VARIABLE = "STOREDOG_SERVICE_USER"
_ANNOUNCEMENT = "listening on "
_STOP_TIMEOUT = 10.0


class LocalService:
    """A process that may still be starting, and the key without which it does not answer."""

    def __init__(self, process: subprocess.Popen[str], complaints: IO[str], key: str) -> None:
        self.key = key
        self._process, self._complaints = process, complaints

    def dismiss(self) -> None:
        """Lets it end, which takes a while where it has a browser; nothing is waited for."""
        self._process.terminate()

    @cached_property
    def url(self) -> str:
        """Where it answers, once it does. Raises ConfigurationError, NoVerdict."""
        process = self._process
        line = _pipe(process.stdout).readline().strip()
        if line.startswith(_ANNOUNCEMENT):
            return line.removeprefix(_ANNOUNCEMENT)
        with suppress(subprocess.TimeoutExpired):  # of one that says something else, and goes on
            process.wait(_STOP_TIMEOUT)
        self._complaints.seek(0)
        sentence = self._complaints.read().strip().rpartition("\n")[2]
        if process.returncode == ExitStatus.USAGE:
            raise ConfigurationError(sentence)
        raise NoVerdict(
            f"the local Synthetics service did not start: {sentence or line or 'no reason'}"
        )


@contextmanager
def running(
    definitions: Sequence[str],
    *,
    smtp: str | None = None,
    artifacts: Artifacts | None = None,
    soon: Sequence[str] = (),
) -> Iterator[LocalService]:
    """Starts the service on a free port of loopback; stops it at the end.

    `smtp` is the HOST:PORT where it receives mail, if it is to do so; `artifacts` are
    what it keeps of browser tests that failed; `soon` are the public IDs of tests that will run,
    which it makes ready for.
    The service watches its standard input, so it ends with this process even when that is killed.
    It answers this run alone: every user of the machine can reach loopback, and who can change a
    check can open the gate. The key comes by standard input, as arguments and environments can be
    read by others.

    Raises ConfigurationError, NoVerdict.
    """
    command = [sys.executable, "-m", "pytest_storedog_gate.local_synthetics", "serve"]
    command += ["--until-stdin-closes", "--key-from-stdin", "--port=0"]
    command += [f"--definitions={pattern}" for pattern in definitions]
    command += [f"--soon={public_id}" for public_id in soon]
    if smtp:
        command.append(f"--smtp={smtp}")
    user = service_user()
    if artifacts:
        if user:
            give(artifacts.folder, user)
        command.append(f"--artifacts={artifacts.folder}")
        limits = {"count": artifacts.count, "days": artifacts.days}
        command += [f"--artifacts-{what}={number}" for what, number in limits.items() if number]
    key = secrets.token_urlsafe(32)
    # A file, not a pipe: nobody reads it while the service runs, and a full pipe would stop it.
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8") as complaints,
        _started(command, complaints, user) as process,
    ):
        try:
            with suppress(BrokenPipeError):  # it has ended, and says why
                # Past the buffer, which would be written again when it is closed.
                os.write(_pipe(process.stdin).fileno(), f"{key}\n".encode())
            yield LocalService(process, complaints, key)
        finally:
            process.terminate()
            try:
                process.communicate(timeout=_STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                process.kill()


def _started(
    command: Sequence[str], complaints: IO[str], user: pwd.struct_passwd | None
) -> subprocess.Popen[str]:
    environment, rights = child_environment(prefix=GLOBALS), dict[str, Any]()
    if user:
        environment |= {"HOME": user.pw_dir, "USER": user.pw_name, "LOGNAME": user.pw_name}
        rights = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
            env=environment,
            # A terminal's Ctrl-C is for the run, which ends the service when it has no more need.
            process_group=0,
            **rights,
        )
    except OSError as error:
        whose = f" as {user.pw_name}" if user else ""
        raise NoVerdict(
            f"the local Synthetics service cannot be started{whose}: {command[0]}: {error.strerror}"
        ) from None


def _pipe(stream: IO[str] | None) -> IO[str]:
    assert stream is not None  # noqa: S101  # Popen was asked for it
    return stream


def give(folder: Path, user: pwd.struct_passwd) -> None:
    """Makes the folder for the user. One that is there has to be the user's.

    Raises ConfigurationError.
    """
    try:
        refuse_links(folder)
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700)
        os.chown(folder, user.pw_uid, user.pw_gid, follow_symlinks=False)
    except FileExistsError:
        held, name = folder.stat(), user.pw_name
        if held.st_uid != user.pw_uid and not held.st_mode & stat.S_IWOTH:
            raise ConfigurationError(
                f"{folder}: the local service runs as {name} ({VARIABLE}), who cannot write "
                f"there; run: chown {name} {folder}"
            ) from None
    except OSError as error:
        raise ConfigurationError(f"{folder}: {error.strerror}") from None


def service_user() -> pwd.struct_passwd | None:
    """The one that the environment names for a run by root. Raises ConfigurationError."""
    name = os.environ.get(VARIABLE)
    if not name or os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(name)
    except KeyError:
        raise ConfigurationError(f"{VARIABLE}: {name!r} is no user of this machine") from None
