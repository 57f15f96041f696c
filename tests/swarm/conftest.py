"""The lab's Swarm, small images, and a service of its own for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lab.scripts.machine.swarm import engines
from tests.conftest import missing
from tests.live.conftest import engine as engine  # noqa: PLC0414
from tests.live.conftest import images as images  # noqa: PLC0414
from tests.live.conftest import registry as registry  # noqa: PLC0414
from tests.swarm.places import Door, Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lab.scripts.machine.swarm.engines import Swarm
    from tests.live.images.factory import ImageFactory


@pytest.fixture(scope="session")
def swarm() -> Swarm:
    if not engines.LAB.is_whole():
        missing("swarm", "no Swarm: lab/up --swarm starts it")
    return engines.LAB


@pytest.fixture(scope="session")
def door(swarm: Swarm, images: ImageFactory) -> Iterator[Door]:
    made = Door(swarm, images)
    yield made
    made.remove()


@pytest.fixture
def place(request: pytest.FixtureRequest, door: Door, images: ImageFactory) -> Iterator[Place]:
    """With `PREVIEWED` its candidates answer at a preview."""
    made = Place(door, images, previews=getattr(request, "param", False))
    yield made
    made.remove()
