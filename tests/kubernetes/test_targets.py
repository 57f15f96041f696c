"""Two namespaces are the targets of one environment: a killed run leaves one version in both."""

from __future__ import annotations

import multiprocessing
import os
import signal
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.deploy import Build, several
from pytest_storedog_gate.deploy.kubernetes import deployer, journal
from tests.kubernetes.places import OnTheCluster
from tests.live.runs_apart import FORKS

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from pytest_storedog_gate.deploy import ImageReference
    from pytest_storedog_gate.deploy.several.deployer import TargetsDeployer
    from tests.kubernetes.cluster import Cluster, Namespace
    from tests.live.images.factory import ImageFactory

pytestmark = [pytest.mark.kubernetes, pytest.mark.long, FORKS]
# Where a run is killed: before the first target notes that all agree, or the first one concludes.
WHICH_STAYS = {"agree": "old", "close": "new"}


def reached(places: list[OnTheCluster]) -> AbstractContextManager[TargetsDeployer]:
    targets = {
        place.namespace.name: {"target": place.environment().target, "overrides": {}}
        for place in places
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
