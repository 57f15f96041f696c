"""TLS contexts, made once each: loading the system's authorities takes longer than many checks.

SSL_CERT_FILE and SSL_CERT_DIR in the environment name other authorities.
"""

from __future__ import annotations

import os
import ssl
import sys
from functools import lru_cache
from typing import Any


def context_for(
    user: str, *, insecure: bool = False, shown: tuple[str, str] | None = None
) -> ssl.SSLContext:
    """The context for clients of one kind; `insecure` accepts any certificate.

    Kinds do not share one, as libraries set ALPN on it. One that shows a client's certificate, by
    the texts of it and of its key, is shared with no other.
    """
    named = (os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))
    return _made(user, insecure, shown, named)


def accepting_all() -> ssl.SSLContext:
    """A new context that accepts any certificate and so loads no authorities."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class _Verifying(ssl.SSLContext):
    """Loads the authorities once TLS begins: checks over plain HTTP do without these 25 ms."""

    _loaded = False

    def wrap_bio(self, *arguments: Any, **options: Any) -> ssl.SSLObject:
        self._load()
        return super().wrap_bio(*arguments, **options)

    def get_ca_certs(self, *arguments: Any, **options: Any) -> Any:
        self._load()
        return super().get_ca_certs(*arguments, **options)

    def _load(self) -> None:
        if not self._loaded:
            self._loaded = True
            self.load_default_certs()


@lru_cache(maxsize=64)
def _made(
    _user: str,
    insecure: bool,  # noqa: FBT001 what it is remembered by
    _shown: tuple[str, str] | None,
    _authorities: tuple[str | None, str | None],
) -> ssl.SSLContext:
    if insecure:
        return accepting_all()
    context = _Verifying(ssl.PROTOCOL_TLS_CLIENT)
    if sys.version_info >= (3, 13):  # as `ssl.create_default_context` has it from then on
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | ssl.VERIFY_X509_STRICT
    return context
