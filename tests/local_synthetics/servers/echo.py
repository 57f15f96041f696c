"""A UDP server that answers, and a TCP server that takes connections."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def udp_echo() -> Iterator[int]:
    """The port of a server that sends back what it gets, and to `silence` nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        channel.bind(("127.0.0.1", 0))
        port: int = channel.getsockname()[1]
        thread = threading.Thread(target=_echo, args=(channel,))
        thread.start()
        try:
            yield port
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
                last.sendto(b"stop", ("127.0.0.1", port))
            thread.join()


def _echo(channel: socket.socket) -> None:
    while True:
        message, sender = channel.recvfrom(65_536)
        if message == b"stop":
            return
        if message != b"silence":
            channel.sendto(message, sender)
