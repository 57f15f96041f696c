"""An engine over SSH, as Docker's client does it: `docker system dial-stdio` by the system's `ssh`.

Who that is, by which key and over which other hosts, is the user's `~/.ssh`. Nobody is asked for
anything, and a host whose key is not known is refused, whatever is said there.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cached_property, partial
from typing import IO, TYPE_CHECKING, Any, ClassVar

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool

from pytest_storedog_gate.deploy.reaching.client import BoundedClient, Unreached
from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.outlets.child_environment import child_environment
from pytest_storedog_gate.outlets.plain_text import line

if TYPE_CHECKING:
    from collections.abc import Sequence

_PATIENCE = 30  # s; a host may look up who calls
_LEAVING = 5  # s
_OPTIONS = {
    "BatchMode": "yes",
    "StrictHostKeyChecking": "yes",
    "ConnectTimeout": "10",
    "LogLevel": "ERROR",
    "ServerAliveInterval": "15",  # the lock is a connection, which nothing on the way may forget
}
_MEANINGS = {
    "host key verification failed": "its host key is not the known one, or not known: compare it, "
    "and add it to ~/.ssh/known_hosts of the user who runs this",
    "permission denied (": "it lets this user in by no key: see what "
    "`ssh -o BatchMode=yes` to it says",
    "command not found": "it has no `docker` in the PATH of a command by ssh: install its client",
}


@dataclass(frozen=True)
class Ssh:
    """See `Way`. `name` is what `ssh` calls it, an alias of the user's as well."""

    name: str
    user: str | None
    port: str | None
    docker: str
    has_our_ports: ClassVar[bool] = False

    @cached_property
    def host(self) -> str:
        """The address that the user's configuration has for it."""
        done = subprocess.run(
            [*self._ssh("-G"), "--", self.name],
            check=False,
            capture_output=True,
            text=True,
            env=child_environment(prefix="SSH_"),
        )
        known = dict(each.partition(" ")[::2] for each in done.stdout.splitlines())
        if done.returncode or "hostname" not in known:
            raise ConfigurationError(
                f"ssh cannot be used for {self.name} ({line(done.stderr)}): correct its "
                "configuration"
            )
        return known["hostname"]

    def client(self) -> BoundedClient:
        command = [*self._ssh("-T"), "--", self.name, "docker", "system", "dial-stdio"]
        return BoundedClient("http://ssh:80", _Adapter(command), _PATIENCE)

    def _ssh(self, *more: str) -> list[str]:
        program = shutil.which("ssh")
        if program is None:
            raise ConfigurationError(
                f"the engine {self.name} is reached by the program ssh, which is not in PATH: "
                "install OpenSSH's client, or give the environment another `engine`"
            )
        said = [word for key, value in _OPTIONS.items() for word in ("-o", f"{key}={value}")]
        user = ["-l", self.user] if self.user else []
        port = ["-p", self.port] if self.port else []
        return [program, *said, *user, *port, *more]


class _Adapter(HTTPAdapter):
    """Every connection is an `ssh` of its own; they say in one file what goes wrong."""

    def __init__(self, command: Sequence[str]) -> None:
        self._said: IO[bytes] = tempfile.TemporaryFile("a+b")  # noqa: SIM115  # closed in `close`
        self._dial = partial(_Connection, command, self._said)
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        pool = type("_Pool", (HTTPConnectionPool,), {"ConnectionCls": self._dial})
        self.poolmanager.pool_classes_by_scheme = {"http": pool}

    def send(self, *args: Any, **kwargs: Any) -> requests.Response:
        try:
            return super().send(*args, **kwargs)
        except requests.ConnectionError as error:
            if text := self._words():
                raise Unreached(text) from error
            raise

    def close(self) -> None:
        super().close()
        self._said.close()

    def _words(self) -> str:
        """What `ssh` or the other end said last, and what it means."""
        self._said.seek(0)
        lines = self._said.read().decode(errors="replace").splitlines()
        said = line("; ".join(filter(None, map(str.strip, lines[-3:]))))
        meaning = next((text for words, text in _MEANINGS.items() if words in said.lower()), "")
        if meaning:
            return f"cannot be reached by ssh: {meaning} ({said})"
        again = "see what `ssh -o BatchMode=yes` to it says"
        return f"cannot be reached by ssh ({said}): {again}" if said else ""


class _Connection(HTTPConnection):
    """One whose socket is the standard input and output of a process."""

    def __init__(self, command: Sequence[str], said: IO[bytes], *args: Any, **kwargs: Any) -> None:
        self._command, self._stderr = command, said
        self._process: subprocess.Popen[bytes] | None = None
        super().__init__(*args, **kwargs)

    def connect(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            # In a session of its own it neither hears Ctrl-C nor finds a terminal to ask at. When
            # this process ends, its input does, and it with that.
            self._process = subprocess.Popen(
                self._command,
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=self._stderr,
                env=child_environment(prefix="SSH_"),
                start_new_session=True,
            )
        ours.settimeout(self.timeout)
        self.sock = ours

    def close(self) -> None:
        super().close()
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            try:
                process.wait(_LEAVING)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
