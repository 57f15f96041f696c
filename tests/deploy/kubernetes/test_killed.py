"""SIGKILL after each call that changes the cluster: the next run finds its way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.deploy.environment import Address
from pytest_storedog_gate.errors import DeploymentFailed
from tests.deploy.kubernetes.killing import killed_after

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_storedog_gate.deploy import ImageReference
    from pytest_storedog_gate.deploy.environment import Environment
    from tests.deploy.kubernetes.places import OnTheFake

BY_NAME = Address("shop-preview.n", 80)
ROADS = [("deploy", None), ("refuse", None), ("rollback", None), ("deploy", BY_NAME)]


def road(place: OnTheFake, which: str, environment: Environment) -> Callable[[], None]:
    """A whole run that lets a version through, never gets it ready, or refuses it after checks."""
    image = place.bad if which == "refuse" else place.new

    def taken() -> None:
        with place.reach(environment) as deployer, deployer.lock(wait=10) as held:
            held.recover()
            try:
                live = held.fetch(image).stage().promote()
            except DeploymentFailed:
                held.put_back()
                return
            live.prove()
            if which == "rollback":
                live.rollback()
            else:
                live.conclude()

    return taken


def deploy(place: OnTheFake, image: ImageReference, environment: Environment) -> str | None:
    """What the next run of somebody finds and does."""
    with place.reach(environment) as deployer, deployer.lock(wait=10) as held:
        mended = held.recover()
        assert place.answer() in (None, place.old.digest, place.new.digest)
        live = held.fetch(image).stage().promote()
        live.prove()
        live.conclude()
    return mended


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize(("which", "preview"), ROADS)
def test_killed_after_each_call(place: OnTheFake, which: str, preview: Address | None) -> None:
    environment = place.environment(preview)
    call, mended = 0, 0
    deploy(place, place.old, environment)
    while True:
        call += 1
        if not killed_after(call, road(place, which, environment)):
            break
        # How long the lock of who is dead lasts, test_lease.py tells.
        place.cluster.change("leases", "shop.storedog-gate", {"spec": {"holderIdentity": None}})
        mended += deploy(place, place.old, environment) is not None
        assert place.answer() == place.old.digest
        assert ("deployments", "shop-preview") not in place.cluster.things
    assert call > 4
    assert mended >= 1
