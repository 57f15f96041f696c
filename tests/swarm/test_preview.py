"""A candidate of a real Swarm, which answers at its preview alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests

from pytest_storedog_gate.deploy import Answers
from pytest_storedog_gate.pytest_side.conformance import Run, deploy
from tests.swarm.places import PREVIEWED

if TYPE_CHECKING:
    from tests.swarm.places import Place

pytestmark = [pytest.mark.swarm, PREVIEWED]


def test_it_answers_at_its_node_and_nowhere_else(place: Place) -> None:
    """And what is live is not touched by a version that is refused there."""
    deploy(place, place.old)
    before = place.inspect()
    with place.reach() as deployer, deployer.lock() as held:
        staged = held.fetch(place.new).stage()
        assert isinstance(staged, Answers)
        assert requests.get(f"http://{staged.address}/", timeout=10).text == "2"
        assert set(place.door.ask_often(place.service)) == {"1"}
        staged.prove()
        (own,) = place.candidates
        assert held.put_back() == f"removed {own}, a candidate that never had traffic"
    assert place.candidates == []
    assert place.inspect() == before
    with Run(place, place.new).until("promote") as run:
        assert place.candidates == []
        assert place.answer() == place.new.digest
        run.live.prove()
        run.live.conclude()
    assert f"is ready with {place.new.brief} on " in "".join(place.said)
