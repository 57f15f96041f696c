"""SIGKILL after each call of a run that changes a real cluster; the cells are counted and told."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import httpx2
import pytest

from pytest_storedog_gate.deploy.environment import Address
from pytest_storedog_gate.deploy.kubernetes import lease
from pytest_storedog_gate.deploy.kubernetes.api import cluster as api
from tests.deploy.kubernetes.killing import ROADS, killed_after
from tests.deploy.roads import next_run, road
from tests.kubernetes.places import OnTheCluster
from tests.live.releases import free_port
from tests.live.runs_apart import FORKS

if TYPE_CHECKING:
    from tests.kubernetes.cluster import Cluster, Namespace
    from tests.live.images.factory import ImageFactory

pytestmark = [pytest.mark.kubernetes, pytest.mark.long, FORKS]
FREED = '{"spec": {"holderIdentity": null}}'


@pytest.fixture
def place(
    cluster: Cluster, namespace: Namespace, images: ImageFactory, monkeypatch: pytest.MonkeyPatch
) -> OnTheCluster:
    """A busy machine is no reason to lose the lock: here only SIGKILL ends a run."""
    monkeypatch.setattr(lease, "_LASTS", 120)
    monkeypatch.setattr(lease, "_TRUSTED", 100.0)
    monkeypatch.setattr(api, "_TIMEOUT", httpx2.Timeout(60.0))
    return OnTheCluster(namespace, cluster.kubeconfig, images)


@pytest.mark.parametrize(("which", "previews"), ROADS)
def test_killed_after_each_call(
    place: OnTheCluster, capsys: pytest.CaptureFixture[str], which: str, previews: bool
) -> None:
    preview = Address("127.0.0.1", free_port()) if previews else None
    environment = place.environment(preview)
    next_run(place, place.old, environment)
    cells, mended = 0, 0
    while killed_after(cells + 1, road(place, which, environment)):
        cells += 1
        allowed = {place.old.digest} if which == "fail" else {place.old.digest, place.new.digest}
        assert place.answer() in allowed
        # How long the lock of who is dead lasts, the kit tells.
        place.namespace.kubectl(
            "patch", "lease/web.storedog-gate", "--type=merge", f"--patch={FREED}"
        )
        mended += next_run(place, place.old, environment) is not None
        assert place.answer() == place.old.digest
        there = place.namespace.get("deployments,services")["items"]
        assert {each["metadata"]["name"] for each in there} == {"web"}
    with capsys.disabled():
        before = ", with a preview" if previews else ""
        sys.stdout.write(f"\n{which}{before}: a run killed in {cells} cells, {mended} mended\n")
    assert cells > 4
    assert mended >= 1
