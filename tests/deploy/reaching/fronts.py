"""Real ways to an engine, made for a test: TLS in front of a socket, and an SSH server."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import ssl
import subprocess
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import trustme

from tests.conftest import missing

if TYPE_CHECKING:
    from collections.abc import Callable

    Target = Callable[[], socket.socket]

HOST = "127.0.0.1"


def unix_socket(path: str) -> Target:
    """Each call is a connection to it."""

    def connect() -> socket.socket:
        made = socket.socket(socket.AF_UNIX)
        made.connect(path)
        return made

    return connect


def free_port() -> int:
    with socket.create_server((HOST, 0)) as taken:
        return int(taken.getsockname()[1])


@dataclass(frozen=True)
class Pems:
    """The files of one authority: a folder as Docker's client has it, and a server's context."""

    folder: Path
    context: ssl.SSLContext

    @classmethod
    def new(cls, folder: Path) -> Pems:
        """`folder` is a new one; the server's certificate is for 127.0.0.1, its client has one."""
        folder.mkdir()
        authority = trustme.CA()
        server, client = authority.issue_cert(HOST), authority.issue_cert("client")
        authority.cert_pem.write_to_path(str(folder / "ca.pem"))
        client.cert_chain_pems[0].write_to_path(str(folder / "cert.pem"))
        client.private_key_pem.write_to_path(str(folder / "key.pem"))
        server.private_key_and_cert_chain_pem.write_to_path(str(folder / "server.pem"))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.configure_cert(context)
        authority.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
        return cls(folder, context)


class TlsFront:
    """Takes TLS with a client's certificate, and passes on what is said."""

    def __init__(self, context: ssl.SSLContext, target: Target) -> None:
        self._context, self._target = context, target
        self._listening = socket.create_server((HOST, 0))
        self.port: int = self._listening.getsockname()[1]
        self._thread = threading.Thread(target=self._accept)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        # What waits in `accept` is woken by that, and not by a close.
        self._listening.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                plain, _ = self._listening.accept()
                threading.Thread(target=self._serve, args=(plain,), daemon=True).start()

    def _serve(self, plain: socket.socket) -> None:
        with (
            suppress(OSError),
            self._context.wrap_socket(plain, server_side=True) as client,
            self._target() as engine,
        ):
            back = threading.Thread(target=_pass_on, args=(engine, client), daemon=True)
            back.start()
            _pass_on(client, engine)
            back.join()


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    for each in (sink, source):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)


class SshServer:
    """OpenSSH's server on loopback, and an `ssh` that is the system's with a folder of its own.

    It knows the host and the user's key, unless a test takes them away.
    """

    def __init__(self, folder: Path) -> None:
        """`folder` is a new one."""
        found = [shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin") for name in _PROGRAMS]
        if None in found:
            missing("live", f"no {' and '.join(_PROGRAMS)}: apt-get install openssh-server")
        sshd, ssh, keygen = map(str, found)
        self.port, self.address = free_port(), ""
        self.address = f"ssh://{getpass.getuser()}@{HOST}:{self.port}"
        self.known_hosts, self.authorized = folder / "known_hosts", folder / "authorized_keys"
        self.programs = folder / "bin"
        self.programs.mkdir(parents=True)
        for name in ("host", "user"):
            subprocess.run([keygen, "-qt", "ed25519", "-N", "", "-f", folder / name], check=True)
        self.let_in()
        self.known_hosts.write_text(f"[{HOST}]:{self.port} {(folder / 'host.pub').read_text()}")
        config = folder / "ssh_config"
        config.write_text(
            f"IdentityFile {folder / 'user'}\nIdentitiesOnly yes\nGlobalKnownHostsFile /dev/null\n"
            f"UserKnownHostsFile {self.known_hosts}\nStrictHostKeyChecking no\n"
        )
        wrapper = self.programs / "ssh"
        wrapper.write_text(f'#!/bin/sh\nexec {ssh} -F {config} "$@"\n')
        wrapper.chmod(0o755)
        self._command = [
            *(sshd, "-D", "-e", "-f", "/dev/null"),
            *(f"-o{key}={value}" for key, value in self._options(folder).items()),
        ]

    def let_in(self, options: str = "") -> None:
        """Lets the user in, with these options of a line in authorized_keys."""
        key = (self.authorized.parent / "user.pub").read_text()
        self.authorized.write_text(f"{options} {key}".lstrip())

    def __enter__(self) -> Self:
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)  # the server wants it
        self._process = subprocess.Popen(self._command, stderr=subprocess.PIPE, text=True)
        assert self._process.stderr is not None
        said = self._process.stderr.readline()
        assert "listening" in said, said
        self._reader = threading.Thread(target=self._process.stderr.read)
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._reader.join()
        assert self._process.stderr is not None
        self._process.stderr.close()
        self._process.wait()

    def _options(self, folder: Path) -> dict[str, object]:
        return {
            "Port": self.port,
            "ListenAddress": HOST,
            "HostKey": folder / "host",
            "AuthorizedKeysFile": self.authorized,
            "PidFile": "none",
            "UsePAM": "no",
            "StrictModes": "no",
            "PasswordAuthentication": "no",
        }


_PROGRAMS = ("sshd", "ssh", "ssh-keygen")
