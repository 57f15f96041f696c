"""Pods that are left of earlier rollouts, on the way out or ended: they stop no new one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_storedog_gate.pytest_side.conformance import deploy
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
