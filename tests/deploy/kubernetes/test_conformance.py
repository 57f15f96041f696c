"""What every deployer has to hold to, on the fake cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_storedog_gate.deploy import Agrees
from pytest_storedog_gate.pytest_side.conformance import (
    AgreesWithOthers,
    Contract,
    Run,
    WatchesServices,
)

if TYPE_CHECKING:
    from tests.deploy.kubernetes.places import OnTheFake


class TestKubernetes(Contract, AgreesWithOthers, WatchesServices):
    """All of it."""


def test_what_the_manifests_have_put_in_is_known_once_it_is_asked_for(place: OnTheFake) -> None:
    containers = [{"name": "shop", "image": place.old.pinned}]
    change = {"spec": {"template": {"spec": {"containers": containers}}}}
    place.cluster.change("deployments", "shop", change)
    with Run(place, place.old).until("promote") as run:
        assert isinstance(run.held, Agrees)
        assert run.held.standing() == run.live.deployment.deploy_id
