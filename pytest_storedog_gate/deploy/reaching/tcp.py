"""An engine by TCP: with TLS, or plain where it is this machine's or the configuration says so."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NoReturn

from pytest_storedog_gate.deploy.reaching.client import BoundedClient
from pytest_storedog_gate.deploy.reaching.trust import ByContextAlone, lenient_context
from pytest_storedog_gate.errors import ConfigurationError

if TYPE_CHECKING:
    from pytest_storedog_gate.deploy.reaching.engine_address import TlsFiles


@dataclass(frozen=True)
class Tcp:
    """See `Way`. `host` has no brackets."""

    host: str
    port: int
    tls: TlsFiles | None
    docker: str
    has_our_ports: ClassVar[bool] = False

    def client(self) -> BoundedClient:
        where = f"[{self.host}]" if ":" in self.host else self.host
        if self.tls is None:
            return BoundedClient(f"tcp://{where}:{self.port}")
        return BoundedClient(f"https://{where}:{self.port}", ByContextAlone(_context(self.tls)))


def _context(files: TlsFiles) -> ssl.SSLContext:
    """ConfigurationError names the file that cannot be used."""
    try:
        context = lenient_context(files.ca)
    except OSError as error:
        raise _unusable("CA", files.ca, error) from None
    if files.cert is not None or files.key is not None:
        try:
            context.load_cert_chain(str(files.cert), str(files.key), password=_ask_nobody)
        except OSError as error:
            raise _unusable("certificate and key", f"{files.cert}, {files.key}", error) from None
    return context


def _ask_nobody() -> NoReturn:
    raise ConfigurationError(
        "the private key for the engine is locked with a password, which nobody is asked for in a "
        "run: give it without one, readable for this user alone"
    )


def _unusable(what: str, where: object, error: OSError) -> ConfigurationError:
    # An error of the file system has words of its own; OpenSSL's are about PEM.
    why = (
        "they are not in PEM, or do not belong together"
        if isinstance(error, ssl.SSLError)
        else error.strerror
    )
    return ConfigurationError(
        f"the {what} for the engine cannot be used ({where}: {why}): correct `tls` of the "
        "environment, or DOCKER_CERT_PATH"
    )
