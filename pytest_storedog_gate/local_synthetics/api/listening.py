"""Taking an address to listen on."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from pytest_storedog_gate.errors import ConfigurationError

if TYPE_CHECKING:
    from pytest_storedog_gate.local_synthetics.mail.receiver import SmtpReceiver


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there, port 0 for a free one. Raises ConfigurationError."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise ConfigurationError(f"cannot listen on {host}: {error.strerror}") from None
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(socket.SOMAXCONN)
    except OSError as error:
        listener.close()
        raise ConfigurationError(
            f"cannot listen on {host}, port {port}: {error.strerror}"
        ) from None
    return listener


def receiver_at(address: tuple[str, int]) -> SmtpReceiver:
    """A receiver of mail there. Raises ConfigurationError."""
    # Only who receives mail needs its libraries.
    from pytest_storedog_gate.local_synthetics.mail.receiver import SmtpReceiver  # noqa: PLC0415

    return SmtpReceiver(listen(*address))
