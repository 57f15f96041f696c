from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.verdicts.attestation.world import World, start_registry

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real registry, which has no list of referrers."""
    process, address = start_registry(tmp_path_factory.mktemp("registry"))
    yield address
    process.kill()
    process.wait()


@pytest.fixture
def world(registry: str) -> World:
    return World.new(registry)
