"""Parts of the cluster fail while a release rolls out: no green run without proof, and no lost way.

Clients go on getting a version that is let through, and the next run puts everything in order.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.deploy.kubernetes.api import silence
from pytest_storedog_gate.errors import GateError, NoVerdict
from pytest_storedog_gate.pytest_side.conformance import Run, deploy
from tests.kubernetes.places import OnTheCluster
from tests.local_synthetics.support.service import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future
    from contextlib import AbstractContextManager

    from pytest_storedog_gate.deploy import ImageReference
    from tests.kubernetes.cluster import Cluster, Namespace
    from tests.live.images.factory import ImageFactory

pytestmark = pytest.mark.kubernetes


@pytest.fixture
def turn(cluster: Cluster) -> Iterator[None]:
    """No other test is on the cluster."""
    with cluster.turn(alone=True):
        yield


@pytest.fixture
def place(cluster: Cluster, namespace: Namespace, images: ImageFactory) -> OnTheCluster:
    """Release 1 is live."""
    found = OnTheCluster(namespace, cluster.kubeconfig, images)
    deploy(found, found.old)
    return found


@contextmanager
def rolling_out(
    place: OnTheCluster, image: ImageReference, fault: AbstractContextManager[None]
) -> Iterator[Future[None]]:
    """A run of the gate whose image is written; what has failed since is back at the end."""

    def written() -> bool:
        return str(image.digest) in place.namespace.kubectl("get", "deployment/web", "-oyaml")

    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(_run, place, image)
        until(written, f"{image.digest} in the Deployment")
        with fault:
            yield run


def _run(place: OnTheCluster, image: ImageReference) -> None:
    with Run(place, image).until("conclude"):
        pass


def test_a_run_whose_api_server_ends_is_no_green_one_and_the_next_one_mends_it(
    cluster: Cluster, place: OnTheCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(silence, "PATIENCE", 5.0)  # it stays away for longer than that
    with rolling_out(place, place.never_ready, cluster.without("kube-apiserver")) as run:
        assert isinstance(run.exception(timeout=120), GateError)
        assert place.answer() == place.old.digest
    with Run(place, place.new, wait=60).until("lock") as next_run:
        assert next_run.mended == f"put {place.old.pinned} back as web"
    assert place.answer() == place.old.digest
    deploy(place, place.new)


def test_a_run_outlasts_an_api_server_that_is_silent(cluster: Cluster, place: OnTheCluster) -> None:
    """For longer than a call is waited for, a lock trusted, or held by who gives no sign."""
    with rolling_out(place, place.new, cluster.silent("kube-apiserver")) as run:
        with pytest.raises(TimeoutError):
            run.result(timeout=20)
        assert place.answer() in (place.old.digest, place.new.digest)
    run.result(timeout=120)
    assert place.answer() == place.new.digest


def test_a_run_goes_on_when_the_kubelet_is_back(cluster: Cluster, place: OnTheCluster) -> None:
    with rolling_out(place, place.new, cluster.without("kubelet")) as run:
        with pytest.raises(TimeoutError):
            run.result(timeout=5)
        assert place.answer() == place.old.digest
    run.result(timeout=60)
    assert place.answer() == place.new.digest


def test_an_image_that_its_node_cannot_get_is_taken_back(
    cluster: Cluster, place: OnTheCluster
) -> None:
    unknown_to_the_node = place.image("unseen")
    with cluster.without_registry():
        with pytest.raises(NoVerdict, match="cannot be asked for") as caught:
            _run(place, unknown_to_the_node)
        assert place.answer() == place.old.digest
    assert f"What was done: put {place.old.pinned} back as web." in str(caught.value)
    deploy(place, place.new)
