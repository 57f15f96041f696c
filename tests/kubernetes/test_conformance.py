"""What every deployer has to hold to, on a real cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.pytest_side.conformance import AgreesWithOthers, Contract, WatchesServices
from tests.kubernetes.places import OnTheCluster
from tests.live.runs_apart import FORKS

if TYPE_CHECKING:
    from tests.kubernetes.cluster import Cluster, Namespace
    from tests.live.images.factory import ImageFactory

pytestmark = pytest.mark.kubernetes


@pytest.fixture
def place(cluster: Cluster, namespace: Namespace, images: ImageFactory) -> OnTheCluster:
    """Nothing is live that is a version of theirs."""
    return OnTheCluster(namespace, cluster.kubeconfig, images)


# What no other test asks of a real cluster, with the step that stands for the others.
SOME: dict[str, tuple[str, ...]] = {
    "test_what_is_never_ready_gets_no_traffic": (),
    "test_what_is_gone_is_not_proved": (),
    "test_rollback_of_the_first_deployment": (),
    "test_killed_after_each_step": ("promote",),
}


@FORKS
@pytest.mark.parametrize("promise", SOME)
def test_it_keeps_what_deployers_promise(place: OnTheCluster, promise: str) -> None:
    getattr(Contract(), promise)(place, *SOME[promise])


@pytest.mark.long
class TestKubernetes(Contract, AgreesWithOthers, WatchesServices):
    """All of it."""
