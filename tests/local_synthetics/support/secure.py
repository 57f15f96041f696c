"""HTTPS for a target, and certificates of clients."""

from __future__ import annotations

import base64
import ssl
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from tests.local_synthetics.servers.certificates import Certificates
    from tests.local_synthetics.support.service import Target


def secure(target: Target, certificates: Certificates, clients: Path | None = None) -> str:
    """Put TLS before the target. `clients`: the authority of those that may come in."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.good.chain, certificates.good.key)
    if clients:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(clients)
    target.server.socket = context.wrap_socket(
        target.server.socket, server_side=True, do_handshake_on_connect=False
    )
    return https(target)


def client_pair(certificates: Certificates, *, encoded: bool = False) -> dict[str, Any]:
    def content(path: Path) -> str:
        return base64.b64encode(path.read_bytes()).decode() if encoded else path.read_text()

    good = certificates.good
    return {
        "cert": {"content": content(good.chain), "filename": "client.pem"},
        "key": {"content": content(good.key)},
    }


INSECURE = {"allow_insecure": True}


def https(target: Target) -> str:
    return target.url.replace("http:", "https:")
