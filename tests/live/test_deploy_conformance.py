"""What every deployer has to hold to, asked of the gate's own on a real engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.deploy import Build, ImageReference
from pytest_storedog_gate.deploy.docker.deployer import connected
from pytest_storedog_gate.deploy.docker.traffic import stopping
from pytest_storedog_gate.pytest_side.conformance import Contract
from tests.live.runs_apart import FORKS

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from pytest_storedog_gate.deploy import Deployer
    from tests.live.images.factory import ImageFactory
    from tests.live.places import Place

pytestmark = pytest.mark.live


class OnTheEngine:
    """An environment on the engine, as the tests of deployers see it."""

    def __init__(self, place: Place, images: ImageFactory) -> None:
        self._place = place
        self._environment = place.environment("rename")
        behaviours = {"1": "serves", "2": "serves", "3": "exits"}
        self._images = {
            release: ImageReference.parse(f"{tag}@{images.digest(tag)}")
            for release, behaviour in behaviours.items()
            for tag in [images(release, behaviour)]
        }
        self.old, self.new, self.bad = self._images.values()

    def reach(self) -> AbstractContextManager[Deployer]:
        return connected(self._environment, Build(), self._place.said.append, str)

    def answer(self) -> str | None:
        if self._place.containers().get(self._place.live) != "running":
            return None
        return self._images[self._place.answer()].digest

    def take_away(self) -> None:
        self._place.engine.containers.get(self._place.live).remove(force=True)


@pytest.fixture
def place(place: Place, images: ImageFactory, monkeypatch: pytest.MonkeyPatch) -> OnTheEngine:
    """The strategy is `rename`: tests/deploy asks all of this of each."""
    monkeypatch.setattr(stopping, "_LONGEST_DRAIN", 0.0)  # nobody has connections open here
    return OnTheEngine(place, images)


# What no other test asks of a real engine, with the step that stands for the others.
SOME: dict[str, tuple[str, ...]] = {
    "test_a_digest_is_resolved_to_itself": (),
    "test_no_tag_is_assumed": (),
    "test_a_candidate_has_no_traffic": (),
    "test_a_concluded_deployment_needs_no_mending": (),
    "test_put_back_after_each_step": ("stage",),
    "test_broken_off_after_each_step": ("promote",),
    "test_killed_after_it_was_concluded": (),
    "test_the_lock_can_be_waited_for": (),
}


@FORKS
@pytest.mark.parametrize("promise", SOME)
def test_it_keeps_what_deployers_promise(place: OnTheEngine, promise: str) -> None:
    getattr(Contract(), promise)(place, *SOME[promise])


@pytest.mark.long
class TestDocker(Contract):
    """All of it."""
