"""The role of an xdist worker: it collects what it is told, and reads outcomes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from pytest_storedog_gate.pytest_side.collecting import collection
from pytest_storedog_gate.pytest_side.worker_questions import RemoteSource

if TYPE_CHECKING:
    import pytest


class Handed(TypedDict):
    """What the controller hands to each worker; xdist can send only plain values."""

    path: str
    environment: str
    decides: bool
    address: str
    key: bytes


def register(config: pytest.Config, handed: Handed) -> None:
    """Makes this process a worker of the gate."""
    source = RemoteSource(handed["address"], handed["key"])
    collection.register(
        config,
        source,
        Path(handed["path"]),
        handed["environment"],
        decides=handed["decides"],
    )
