"""The role of an xdist worker: it collects what it is told, and reads outcomes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from . import fixtures
from .collection import Collection
from .exchange import RemoteOutcomes

if TYPE_CHECKING:
    import pytest


class Handed(TypedDict):
    """What the controller hands to each worker; xdist can send only plain values."""

    path: str
    environment: str
    public_ids: list[str]
    address: str
    key: bytes


def register(config: pytest.Config, handed: Handed) -> None:
    """Makes this process a worker of the gate."""
    config.stash[fixtures.SOURCE] = RemoteOutcomes(handed["address"], handed["key"])
    config.pluginmanager.register(fixtures, "storedog-gate-fixtures")
    collection = Collection(Path(handed["path"]), handed["environment"], handed["public_ids"])
    config.pluginmanager.register(collection, "storedog-gate-collection")
