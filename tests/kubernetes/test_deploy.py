"""Releases on a real cluster: the good one, each bad one, and others that are at work."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import requests

from pytest_storedog_gate.deploy import Answers
from pytest_storedog_gate.deploy.environment import Address
from pytest_storedog_gate.errors import DeploymentFailed, GateError, NoVerdict
from pytest_storedog_gate.pytest_side.conformance import Run, deploy
from tests.kubernetes.places import OnTheCluster
from tests.kubernetes.web import PORT
from tests.live.releases import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.kubernetes.cluster import Cluster, Namespace
    from tests.live.images.factory import ImageFactory

pytestmark = pytest.mark.kubernetes


@pytest.fixture
def place(cluster: Cluster, namespace: Namespace, images: ImageFactory) -> OnTheCluster:
    """Release 1 is live."""
    found = OnTheCluster(namespace, cluster.kubeconfig, images)
    deploy(found, found.old)
    return found


def refused(place: OnTheCluster, image: Any, timeout: float = 60.0) -> GateError:
    """Why a release was not put in; what was live before is."""
    environment = place.environment(timeout=timeout)
    with (
        place.reach(environment) as deployer,
        deployer.lock() as held,
        pytest.raises(GateError) as caught,
    ):
        held.fetch(image).stage().promote()
    assert place.answer() == place.old.digest
    return caught.value


def test_bad_releases_are_stopped_in_the_words_of_an_engine(place: OnTheCluster) -> None:
    unknown = replace(place.new, digest=f"sha256:{'0' * 64}")
    for image, timeout, says in (
        (place.bad, 60.0, "web is not ready: it restarts again and again, with exit code 3"),
        (place.never_ready, 5.0, "web is not ready: not ready within 5 s"),
        (unknown, 60.0, f"the registry {unknown.registry} does not know "),
    ):
        error = refused(place, image, timeout)
        assert isinstance(error, DeploymentFailed)
        assert str(error).startswith(says)
        assert f"What was done: put {place.old.pinned} back as web." in str(error)
    deploy(place, place.new)


def test_a_quota_that_is_full_ends_the_wait(place: OnTheCluster) -> None:
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "few"},
        "spec": {"hard": {"pods": "1"}},
    }
    place.namespace.apply(quota)
    place.namespace.kubectl("wait", "--for=jsonpath={.status.used.pods}=1", "resourcequota/few")
    began = time.monotonic()
    error = refused(place, place.new)
    assert time.monotonic() - began < 45
    assert isinstance(error, DeploymentFailed)
    assert "web is not ready: it gets no pods" in str(error)
    assert "exceeded quota" in str(error)


def test_a_paused_one_is_refused_before_it_is_touched(place: OnTheCluster) -> None:
    place.namespace.kubectl("rollout", "pause", "deployment/web")
    error = refused(place, place.new)
    assert isinstance(error, NoVerdict)
    assert "rollout resume deployment/web" in str(error)


def test_who_sets_another_image_meanwhile_is_not_overwritten(place: OnTheCluster) -> None:
    with place.reach() as deployer, deployer.lock() as held:
        staged = held.fetch(place.new).stage()
        # Its pods do not start: the rollout is under way when somebody else comes.
        other = f"{place.never_ready.repository}@{place.never_ready.digest}"
        somebody = threading.Timer(
            1.0, place.namespace.kubectl, ("set", "image", "deployment/web", f"web={other}")
        )
        somebody.start()
        with pytest.raises(NoVerdict, match="somebody else has changed the template of web"):
            staged.promote().prove()
        somebody.join()
        held.put_back()
    spec = place.namespace.get("deployment/web")["spec"]["template"]["spec"]
    assert spec["containers"][0]["image"] == other
    with Run(place, place.new).until("lock") as run:
        assert run.mended is None


def test_who_scales_meanwhile_is_no_reason_to_stop(place: OnTheCluster) -> None:
    with Run(place, place.new).until("promote") as run:
        place.namespace.kubectl("scale", "deployment/web", "--replicas=2")
        run.live.prove()
        place.namespace.kubectl("rollout", "status", "deployment/web", "--timeout=60s")
        run.live.prove()
        assert run.live.rollback()
    assert place.answer() == place.old.digest
    assert place.namespace.get("deployment/web")["spec"]["replicas"] == 2


@pytest.fixture
def asked(place: OnTheCluster) -> Iterator[list[str]]:
    """What clients with new connections hear all the time."""
    heard: list[str] = []
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            try:
                heard.append(requests.get(f"http://{place.address}:{PORT}/", timeout=5).text)
            except requests.RequestException as error:
                heard.append(type(error).__name__)

    clients = [threading.Thread(target=ask) for _ in range(2)]
    for client in clients:
        client.start()
    yield heard
    over.set()
    for client in clients:
        client.join()


def test_checks_begin_when_nobody_hears_the_old_version(
    place: OnTheCluster, asked: list[str]
) -> None:
    with Run(place, place.new).until("promote") as run:
        before = len(asked)
        run.live.prove()
        time.sleep(2)  # longer than the old version was heard after a rollout was called complete
        after = asked[before:]
        run.live.conclude()
    assert len(after) > 20
    # What was under way in that moment may have been answered before.
    assert set(after[len("ab") :]) == {"2"}
    assert set(asked) <= {"1", "2"}


def test_checks_before_traffic_ask_the_candidate(place: OnTheCluster) -> None:
    """And nobody reads a forwarded connection once it is closed, or its number's next owner."""
    preview, before = Address("127.0.0.1", free_port()), set(threading.enumerate())
    with place.reach(place.environment(preview)) as deployer, deployer.lock() as held:
        staged = held.fetch(place.new).stage()
        assert isinstance(staged, Answers)
        staged.prove()
        heard = {requests.get(f"http://{staged.address}/", timeout=5).text for _ in range(5)}
        assert heard == {"2"}
        assert place.answer() == place.old.digest
        live = staged.promote()
        live.prove()
        live.conclude()
    assert not {each for each in threading.enumerate() if each not in before and each.is_alive()}
    assert place.answer() == place.new.digest
    names = place.namespace.get("deployments,services")["items"]
    assert {each["metadata"]["name"] for each in names} == {"web"}
