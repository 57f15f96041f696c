"""The way that an engine's address stands for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol

from pytest_storedog_gate.deploy.reaching import contexts
from pytest_storedog_gate.deploy.reaching.engine_address import EngineAddress, TlsFiles, is_loopback
from pytest_storedog_gate.deploy.reaching.ssh import Ssh
from pytest_storedog_gate.deploy.reaching.tcp import Tcp
from pytest_storedog_gate.deploy.reaching.unix import UnixSocket
from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.outlets.plain_text import command_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_storedog_gate.deploy.reaching.client import BoundedClient

_CERTIFICATES = "DOCKER_CERT_PATH"


class Way(Protocol):
    """How one engine is reached. `has_our_ports`: it publishes on the machine that we run on."""

    has_our_ports: ClassVar[bool]

    @property
    def docker(self) -> str:
        """How a person begins a command of Docker's client that goes there."""

    @property
    def host(self) -> str:
        """The engine's machine, as this process asks for what is published on all addresses."""

    def client(self) -> BoundedClient:
        """Reaches it. Raises ConfigurationError, OSError or the SDK's errors."""


def way_to(address: EngineAddress, environ: Mapping[str, str], by: str | None = None) -> Way:
    """`by` is what a person types instead of the address.

    ConfigurationError where the address says no way that can be gone.
    """
    said = address.parts
    if (name := said["context"]) is not None:
        found = contexts.load(name, environ)
        return way_to(replace(found, plain=address.plain), {}, f"docker --context {name}")
    typed = ["docker", "-H", address.text]
    if (path := said["path"]) is not None:
        return UnixSocket(path, by or command_line(typed))
    if (over := said["over"]) is not None:
        return Ssh(over.strip("[]"), said["user"], said["at"], by or command_line(typed))
    host, tls = str(said["host"]).strip("[]"), _tls(address, environ)
    if tls is None and not address.plain and not is_loopback(host):
        raise ConfigurationError(
            f"the engine {address.text} is another machine's, and without TLS anybody on the way "
            "could answer in its place: name its CA, and this side's certificate and key, in "
            f"`tls` or by {_CERTIFICATES}, take ssh://, or say `tls = false`"
        )
    if tls is not None:
        files = {"--tlscacert": tls.ca, "--tlscert": tls.cert, "--tlskey": tls.key}
        typed += ["--tlsverify", *(f"{key}={path}" for key, path in files.items() if path)]
    return Tcp(host, int(str(said["port"])), tls, by or command_line(typed))


def _tls(address: EngineAddress, environ: Mapping[str, str]) -> TlsFiles | None:
    """What the configuration says of this very engine; else what the environment says of any."""
    if address.tls is not None or address.plain or not environ.get(_CERTIFICATES):
        return address.tls
    found = TlsFiles.in_folder(folder := Path(environ[_CERTIFICATES]))
    if found == TlsFiles():
        raise ConfigurationError(
            f"{_CERTIFICATES} is {folder}, which has no ca.pem, cert.pem and key.pem for the "
            f"engine {address.text}: name the folder that has them, or the files in `tls`"
        )
    return found
