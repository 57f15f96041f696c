"""A fake Swarm for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.deploy.environment import Address
from pytest_storedog_gate.deploy.swarm import deployment, lease, reached_at, rollout
from tests.deploy.swarm.fake_swarm import FakeSwarm
from tests.deploy.swarm.places import OnTheFake
from tests.live.releases import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def swarm(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeSwarm]:
    """It needs no patience, and runs on it die often."""
    monkeypatch.setattr(rollout, "_INTERVAL", 0.01)
    monkeypatch.setattr(rollout, "_BETWEEN", 0.02)
    monkeypatch.setattr(deployment, "_PROOF", 0.3)
    monkeypatch.setattr(reached_at, "_INTERVAL", 0.01)
    monkeypatch.setattr(reached_at, "_FREE", 0.3)
    monkeypatch.setattr(lease, "EXPIRES", 2.0)
    monkeypatch.setattr(lease, "_INTERVAL", 0.02)
    with FakeSwarm() as made:
        yield made


@pytest.fixture
def preview() -> Address:
    """Of this machine, as the fake's manager is."""
    return Address("127.0.0.1", free_port())


@pytest.fixture
def place(swarm: FakeSwarm) -> OnTheFake:
    return OnTheFake(swarm)
