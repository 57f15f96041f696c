"""A stand-in for Datadog, and a client that talks to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.datadog.client import Endpoint, Keys, SyntheticsClient
from tests.datadog.fake import FakeDatadog

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def datadog() -> Iterator[FakeDatadog]:
    fake = FakeDatadog()
    yield fake
    fake.close()


@pytest.fixture
def client(datadog: FakeDatadog) -> Iterator[SyntheticsClient]:
    client = SyntheticsClient(Endpoint.of_url(datadog.url), Keys("api-key-value", "app-key-value"))
    yield client
    client.close()
