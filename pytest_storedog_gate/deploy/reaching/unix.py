"""An engine of this machine, by its socket."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import ClassVar

from pytest_storedog_gate.deploy.reaching.client import CONNECT, BoundedClient


@dataclass(frozen=True)
class UnixSocket:
    """See `Way`."""

    path: str
    docker: str
    has_our_ports: ClassVar[bool] = True

    @property
    def host(self) -> str:
        return "127.0.0.1"

    def client(self) -> BoundedClient:
        # The SDK leaks the socket when it cannot connect to a path.
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(CONNECT)
            probe.connect(self.path)
        return BoundedClient(f"unix://{self.path}")
