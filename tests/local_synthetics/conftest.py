"""The target and the service that most tests need."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from tests.local_synthetics.support import Handler, Service, Target, TargetServer, serving

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def target() -> Iterator[Target]:
    server = TargetServer(("127.0.0.1", 0), Handler)
    server.target = Target(server)  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server.target  # type: ignore[attr-defined]
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def service() -> Iterator[Service]:
    """A service without definitions: tests bring theirs in the trigger."""
    with serving() as running:
        yield running
