"""What the configuration says of a service in a Swarm."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """A `service` by its name in the Swarm; an update of it may take `timeout` seconds."""

    service: str
    timeout: float = 300.0

    @property
    def place(self) -> str:
        """What it is, however long it may take: two targets are not one service."""
        return self.service
