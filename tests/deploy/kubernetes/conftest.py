"""A fake cluster for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.deploy.kubernetes import lease, rollout
from pytest_storedog_gate.deploy.kubernetes.api import silence
from tests.deploy.kubernetes.fake_cluster import FakeCluster
from tests.deploy.kubernetes.places import OnTheFake

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OnTheFake]:
    """Its controllers need no patience, and its runs die often. A machine may be busy."""
    monkeypatch.setattr(rollout, "_INTERVAL", 0.01)
    monkeypatch.setattr(rollout, "_SETTLES", 0.3)
    monkeypatch.setattr(silence, "PATIENCE", 20.0)
    monkeypatch.setattr(silence, "AGAIN", 0.02)
    monkeypatch.setattr(lease, "_LASTS", 2)
    monkeypatch.setattr(lease, "_RENEWED", 0.4)
    monkeypatch.setattr(lease, "_TRUSTED", 1.5)
    monkeypatch.setattr(lease, "_LOOKED_AT", 0.02)
    with FakeCluster() as cluster:
        yield OnTheFake(cluster, tmp_path)
