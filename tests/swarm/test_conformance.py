"""What every deployer has to hold to, asked of the gate's own for a Swarm on a real one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.pytest_side.conformance import AgreesWithOthers, Contract, WatchesServices
from tests.live.runs_apart import FORKS
from tests.swarm.places import PREVIEWED

if TYPE_CHECKING:
    from tests.swarm.places import Place

pytestmark = pytest.mark.swarm

# What no other test asks, with the step that stands for the others.
SOME: dict[str, tuple[str, ...]] = {
    "test_what_is_asked_for_gets_the_traffic": (),
    "test_what_is_never_ready_gets_no_traffic": (),
    "test_rollback_of_the_first_deployment": (),
    "test_killed_after_each_step": ("promote",),
    "test_one_run_at_a_time": (),
    "test_what_is_gone_is_not_proved": (),
}


@FORKS
@pytest.mark.parametrize("promise", SOME)
def test_it_keeps_what_deployers_promise(place: Place, promise: str) -> None:
    getattr(Contract(), promise)(place, *SOME[promise])


@FORKS
@PREVIEWED
def test_a_candidate_that_a_killed_run_has_left_goes(place: Place) -> None:
    Contract().test_killed_after_each_step(place, "stage")
    assert place.candidates == []


class TestWatching(WatchesServices):
    """Of what users see once it is promoted."""


@pytest.mark.long
@pytest.mark.parametrize("place", [False, True], indirect=True, ids=["", "with a preview"])
class TestSwarm(Contract, AgreesWithOthers):
    """All of it."""
