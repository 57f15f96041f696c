"""Pods and conditions that are left of earlier rollouts: they stop no new one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_storedog_gate.deploy.kubernetes import rollout
from pytest_storedog_gate.errors import GateError
from pytest_storedog_gate.pytest_side.conformance import Run, deploy
from tests.deploy.kubernetes.fake_cluster import crashed

if TYPE_CHECKING:
    from tests.deploy.kubernetes.places import OnTheFake

LEAVING = {"deletionTimestamp": "2026-01-01T00:00:00Z"}
EVICTED = {"phase": "Failed", "reason": "Evicted", "conditions": [], "containerStatuses": []}


def leave(place: OnTheFake, release: int, status: dict[str, Any], **metadata: str) -> None:
    """A pod of the ReplicaSet that a release has had."""
    image = (place.old, place.new)[release].pinned
    (owner,) = (
        thing
        for (plural, _), thing in place.cluster.things.items()
        if plural == "replicasets" and image in str(thing)
    )
    labels, uid = owner["metadata"]["labels"], owner["metadata"]["uid"]
    place.cluster._put("pods", "left", labels, uid, owner["spec"]["template"]["spec"])
    left = place.cluster.things["pods", "left"]
    left["status"] = status
    left["metadata"] |= metadata
    if metadata:
        left["lingers"] = 2


@pytest.mark.parametrize("release", [0, 1], ids=["same template", "earlier template"])
def test_an_evicted_one_stays_for_days(place: OnTheFake, release: int) -> None:
    for image in (place.old, place.new):
        deploy(place, image)
    leave(place, release, EVICTED)
    deploy(place, place.old)
    assert ("pods", "left") in place.cluster.things


def test_one_that_crashed_and_leaves(place: OnTheFake) -> None:
    for image in (place.old, place.new):
        deploy(place, image)
    leave(place, 0, crashed(place.old.pinned), **LEAVING)
    deploy(place, place.old)


OVER = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}
NO_ROOM = {"type": "ReplicaFailure", "status": "True", "message": "exceeded quota"}


@pytest.fixture(params=[OVER, NO_ROOM], ids=["deadline", "quota"])
def condition(request: pytest.FixtureRequest, place: OnTheFake) -> dict[str, str]:
    """It is of the rollout before, and stays when the cluster has seen the next one."""
    roll_out = place.cluster._roll_out

    def keeping(deployment: dict[str, Any]) -> None:
        roll_out(deployment)
        if place.new.pinned in str(place.cluster.things):
            deployment["status"]["conditions"] = [request.param]

    place.cluster._roll_out = keeping  # type: ignore[method-assign]
    found: dict[str, str] = request.param
    return found


@pytest.mark.usefixtures("condition")
def test_what_the_cluster_said_of_a_rollout_is_no_news_of_going_back(place: OnTheFake) -> None:
    deploy(place, place.old)
    with Run(place, place.new).until("promote") as run:
        run.live.rollback()
    assert place.answer() == place.old.digest


@pytest.mark.usefixtures("condition")
def test_what_the_cluster_goes_on_saying_ends_the_wait(
    place: OnTheFake, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(place, place.old)
    monkeypatch.setattr(rollout, "_OLD_NEWS", 0.1)
    place.cluster.lingers = 40
    with (
        pytest.raises(GateError, match=r"progressDeadlineSeconds are over|gets no pods"),
        Run(place, place.new) as run,
    ):
        run.until("promote")
