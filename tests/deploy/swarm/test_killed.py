"""SIGKILL after each call that changes the Swarm: the next run finds its way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.deploy.swarm import names
from tests.deploy.roads import next_run, road
from tests.deploy.swarm.killing import ROADS, killed_after

if TYPE_CHECKING:
    from pytest_storedog_gate.deploy.environment import Address
    from tests.deploy.swarm.places import OnTheFake


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize(("which", "previews"), ROADS)
def test_killed_after_each_call(
    place: OnTheFake, preview: Address, which: str, previews: bool
) -> None:
    environment = place.environment(preview if previews else None)
    calls, mended = 0, 0
    next_run(place, place.old, environment)
    while killed_after(calls + 1, road(place, which, environment)):
        calls += 1
        # How long the lock of who is dead lasts, the kit tells.
        place.swarm.configs.pop(names.lock(place.name), None)
        mended += next_run(place, place.old, environment) is not None
        assert place.answer() == place.old.digest
        assert set(place.swarm.services) == {place.name}
    assert calls > 3
    assert mended >= 1
    if which == "refuse":
        assert place.swarm.answered[place.name].isdisjoint({place.new.pinned, place.bad.pinned})
