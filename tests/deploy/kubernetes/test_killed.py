"""SIGKILL after each call that changes the cluster: the next run finds its way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.deploy.environment import Address
from tests.deploy.kubernetes.killing import ROADS, killed_after
from tests.deploy.roads import next_run, road

if TYPE_CHECKING:
    from tests.deploy.kubernetes.places import OnTheFake

BY_NAME = Address("shop-preview.n", 80)


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize(("which", "previews"), ROADS)
def test_killed_after_each_call(place: OnTheFake, which: str, previews: bool) -> None:
    environment = place.environment(BY_NAME if previews else None)
    call, mended = 0, 0
    next_run(place, place.old, environment)
    while True:
        call += 1
        if not killed_after(call, road(place, which, environment)):
            break
        # How long the lock of who is dead lasts, test_lease.py tells.
        place.cluster.change("leases", "shop.storedog-gate", {"spec": {"holderIdentity": None}})
        mended += next_run(place, place.old, environment) is not None
        assert place.answer() == place.old.digest
        assert ("deployments", "shop-preview") not in place.cluster.things
    assert call > 4
    assert mended >= 1
