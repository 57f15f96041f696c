"""A stand-in for Datadog, and a client that talks to it and waits in no real time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.datadog.calling.clock import Clock
from pytest_storedog_gate.datadog.calling.endpoint import Endpoint
from pytest_storedog_gate.datadog.calling.keys import Keys
from pytest_storedog_gate.datadog.client import SyntheticsClient
from tests.datadog.fake import FakeDatadog

if TYPE_CHECKING:
    from collections.abc import Iterator


class SimulatedTime:
    """A clock whose time passes only by waiting."""

    def __init__(self) -> None:
        self.now = 0.0
        self.waits: list[float] = []
        self.cancelled = False
        self.clock = Clock(self._wait, lambda: self.now)

    def _wait(self, seconds: float) -> bool:
        self.waits.append(seconds)
        self.now += seconds
        return self.cancelled


@pytest.fixture
def datadog() -> Iterator[FakeDatadog]:
    fake = FakeDatadog()
    yield fake
    fake.close()


@pytest.fixture
def time() -> SimulatedTime:
    return SimulatedTime()


@pytest.fixture
def client(datadog: FakeDatadog, time: SimulatedTime) -> Iterator[SyntheticsClient]:
    keys = Keys("api-key-value", "app-key-value")
    client = SyntheticsClient(Endpoint.of_url(datadog.url), keys, time.clock)
    yield client
    client.close()
