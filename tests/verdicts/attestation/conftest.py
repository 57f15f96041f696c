from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.verdicts.attestation.world import World, start_registry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def running(folder: Path, name: str) -> Iterator[str]:
    process, address = start_registry(folder, name)
    yield address
    process.kill()
    process.wait()


@pytest.fixture(scope="session")
def without_referrers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real registry that has no list of referrers."""
    yield from running(tmp_path_factory.mktemp("registry"), "docker-registry")


@pytest.fixture(scope="session")
def with_referrers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real registry that has one."""
    yield from running(tmp_path_factory.mktemp("registry"), "referrers-registry")


@pytest.fixture
def world(without_referrers: str) -> World:
    return World.new(without_referrers)


@pytest.fixture(params=["without_referrers", "with_referrers"])
def any_world(request: pytest.FixtureRequest) -> World:
    """One in each of both registries."""
    return World.new(request.getfixturevalue(request.param))
