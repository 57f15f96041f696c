"""Whose certificates count: of engines, and of registries that this process asks itself."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from pytest_storedog_gate.errors import ConfigurationError

CERTS = Path("/etc/docker/certs.d")
"""Where an engine looks for a registry's own authority, in a folder called as the registry."""


def lenient_context(ca: Path | None = None) -> ssl.SSLContext:
    """Verifies as Docker's own client does; with a `ca` nobody else's word counts.

    What a later Python asks of certificates beyond that, private authorities often lack.
    """
    context = ssl.create_default_context(cafile=ca)
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def registry_session(registry: str) -> requests.Session:
    """One for which the authorities of the machine and of requests count, and the registry's own.

    ConfigurationError names a file of the registry's that holds none.
    """
    context = lenient_context()
    for path in sorted((CERTS / registry).glob("*.crt")):
        try:
            context.load_verify_locations(path)
        except OSError as error:
            raise ConfigurationError(
                f"{path} cannot be used for the registry {registry} ({error.strerror}): it has to "
                "hold a certificate in PEM, readable for who runs this"
            ) from None
    session = requests.Session()
    session.mount("https://", WithContext(context))
    return session


class WithContext(HTTPAdapter):
    """TLS by a context of our own, beside what requests adds to it."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs, ssl_context=self._context)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        return super().proxy_manager_for(proxy, **kwargs, ssl_context=self._context)


class ByContextAlone(WithContext):
    """TLS in which nobody is trusted but whom the context names."""

    def cert_verify(self, *_: Any) -> None:
        """Adds nothing to the context."""
