"""Environments on the fake Swarm, as the tests of deployers see them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.deploy import Build, ImageReference
from pytest_storedog_gate.deploy.environment import Environment, Service
from pytest_storedog_gate.deploy.platforms import swarm as platform
from pytest_storedog_gate.deploy.reaching.engine_address import EngineAddress
from pytest_storedog_gate.deploy.swarm.target import Target
from tests.deploy.swarm.fake_swarm import service

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from pytest_storedog_gate.deploy import Deployer
    from pytest_storedog_gate.deploy.environment import Address
    from tests.deploy.swarm.fake_swarm import FakeSwarm

REPOSITORY = "r.test/shop"
NOTHING = f"{REPOSITORY}:a-page-under-construction"
PORT = 8080


def image(number: int) -> ImageReference:
    """The one of a number."""
    return ImageReference(REPOSITORY, f"{number}", f"sha256:{number:064x}")


class OnTheFake:
    """What stands there first is a page that is no version of theirs: nothing, as they see it."""

    old, new, bad = image(1), image(2), image(3)

    def __init__(self, swarm: FakeSwarm, name: str = "web", preview: Address | None = None) -> None:
        self.swarm, self.name, self.preview, self.said = swarm, name, preview, list[str]()
        swarm.bad.add(self.bad.pinned)
        swarm.create(service(name, NOTHING))

    def environment(self, preview: Address | None = None, **shop: Any) -> Environment:
        return Environment(
            "staging",
            "shop",
            services=(Service("shop", REPOSITORY, **{"port": PORT, **shop}),),
            engine=EngineAddress(self.swarm.address),
            target=Target(self.name, timeout=5.0),
            preview=preview or self.preview,
            platform="swarm",
        )

    def reach(self, environment: Environment | None = None) -> AbstractContextManager[Deployer]:
        return platform.connected(environment or self.environment(), Build(), self.said.append, str)

    def answer(self) -> str | None:
        found = self.swarm.answering(self.name) - {NOTHING}
        assert len(found) <= 1
        return next(iter(found)).partition("@")[2] if found else None

    def take_away(self) -> None:
        self.swarm.remove(self.name)
