"""The lab's cluster, and in it a namespace for each test."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from lab.offline.kubernetes import cluster as lab
from tests.conftest import missing
from tests.kubernetes.cluster import Cluster

# The same images as on an engine.
from tests.live.conftest import engine, images, registry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.kubernetes.cluster import Namespace

__all__ = ["engine", "images", "registry"]


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    """The cluster that runs on this machine."""
    if os.geteuid() != 0:
        missing("kubernetes", "only root can reach the lab's cluster")
    if not lab.stands():
        missing("kubernetes", "no cluster: python -m lab.offline.kubernetes up")
    return Cluster()


@pytest.fixture
def turn(cluster: Cluster) -> Iterator[None]:
    """No other test ends parts of the cluster meanwhile."""
    with cluster.turn():
        yield


@pytest.fixture
def namespace(cluster: Cluster, turn: None) -> Iterator[Namespace]:
    """An empty namespace, which is removed at the end with all that is in it."""
    with cluster.namespace() as made:
        yield made
