"""Everything that a run of the gate needs: engine, registry, images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.scripts import images
from lab.scripts.machine import engine, registry

if TYPE_CHECKING:
    import docker


def prepare() -> docker.DockerClient:
    """Sets up what is missing; quick when nothing is."""
    client = engine.ensure()
    registry.ensure()
    images.ensure(client)
    return client
