"""Two namespaces are the targets of one environment, and all get one version, or none."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import pytest
import yaml

from lab.offline.kubernetes.addresses import API, API_SERVICE
from pytest_storedog_gate.deploy import Build, several
from pytest_storedog_gate.deploy.kubernetes import deployer, journal
from pytest_storedog_gate.deploy.kubernetes.target import Target
from pytest_storedog_gate.errors import DeploymentFailed
from tests.kubernetes.places import OnTheCluster
from tests.live.runs_apart import FORKS

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from pytest_storedog_gate.deploy import ImageReference
    from pytest_storedog_gate.deploy.several.deployer import TargetsDeployer
    from tests.kubernetes.cluster import Cluster, Namespace
    from tests.live.images.factory import ImageFactory

pytestmark = pytest.mark.kubernetes
# Where a run is killed: before the first target notes that all agree, or the first one concludes.
WHICH_STAYS = {"agree": "old", "close": "new"}


def reached(places: list[OnTheCluster], *own: Target) -> AbstractContextManager[TargetsDeployer]:
    named = own or [place.environment().target for place in places]
    targets = {
        place.namespace.name: {"target": target, "overrides": {}}
        for place, target in zip(places, named, strict=True)
    }
    environment = replace(places[0].environment(), targets=targets)
    reach = partial(deployer.connected, build=Build(), redact=str)
    return several.connected(environment, reach, lambda _line: None)


def release(places: list[OnTheCluster], image: ImageReference) -> None:
    with reached(places) as targets, targets.lock(wait=20) as held:
        live = held.fetch(image).stage().promote()
        live.prove()
        live.conclude()


def killed(places: list[OnTheCluster], step: str) -> None:
    def run() -> None:
        setattr(journal, step, lambda *_: os.kill(os.getpid(), signal.SIGKILL))
        release(places, places[0].new)

    child = multiprocessing.get_context("fork").Process(target=run)
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL


@pytest.mark.long
@FORKS
def test_a_killed_run_leaves_one_version_in_both(
    cluster: Cluster, namespace: Namespace, images: ImageFactory
) -> None:
    with cluster.namespace() as other:
        places = [OnTheCluster(each, cluster.kubeconfig, images) for each in (namespace, other)]
        for step, stays in WHICH_STAYS.items():
            release(places, places[0].old)
            killed(places, step)
            assert {place.answer() for place in places} == {places[0].new.digest}
            with reached(places) as targets, targets.lock(wait=20) as held:
                assert held.recover()
            digest = getattr(places[0], stays).digest
            assert {place.answer() for place in places} == {digest}, step


def contexts(places: list[OnTheCluster], path: Path) -> list[Target]:
    """Of one kubeconfig; each has its own address of the cluster, login and namespace."""
    said = yaml.safe_load(places[0].environment().target.kubeconfig.read_text())
    (cluster,), (user,) = said["clusters"], said["users"]
    names = [place.namespace.name for place in places]
    servers = (API, f"https://{API_SERVICE}:443")
    clusters = [
        {"name": name, "cluster": {**cluster["cluster"], "server": server}}
        for name, server in zip(names, servers, strict=True)
    ]
    users = [{**user, "name": name} for name in names]
    known = [
        {"name": name, "context": {"cluster": name, "user": name, "namespace": name}}
        for name in names
    ]
    path.write_text(json.dumps({"clusters": clusters, "users": users, "contexts": known}))
    return [Target("web", "web", kubeconfig=path, context=name, timeout=60) for name in names]


def test_two_contexts_get_one_version_or_none(
    cluster: Cluster, namespace: Namespace, images: ImageFactory, tmp_path: Path
) -> None:
    with cluster.namespace() as other:
        places = [OnTheCluster(each, cluster.kubeconfig, images) for each in (namespace, other)]
        targets = contexts(places, tmp_path / "kubeconfig")
        with reached(places, *targets) as both, both.lock() as held:
            live = held.fetch(places[0].old).stage().promote()
            live.prove()
            live.conclude()
        assert {place.answer() for place in places} == {places[0].old.digest}
        with (
            reached(places, *targets) as both,
            both.lock() as held,
            pytest.raises(DeploymentFailed, match=f"{namespace.name}: web is not ready"),
        ):
            held.fetch(places[0].bad).stage().promote()
        with reached(places, *targets) as both, both.lock() as held:
            assert held.recover() is None
        assert {place.answer() for place in places} == {places[0].old.digest}
