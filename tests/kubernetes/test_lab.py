"""The lab's cluster is a real one: what it is told happens, also after parts of it have failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests

from tests.kubernetes.web import PORT, web
from tests.local_synthetics.support.service import until

if TYPE_CHECKING:
    from tests.kubernetes.cluster import Cluster, Namespace
    from tests.live.images.factory import ImageFactory

pytestmark = pytest.mark.kubernetes


def _rolled_out(namespace: Namespace) -> None:
    namespace.kubectl("rollout", "status", "deployment/web", "--timeout=120s")


def test_what_fails_comes_back_and_does_what_it_missed(
    cluster: Cluster, namespace: Namespace, images: ImageFactory
) -> None:
    namespace.apply(*web(images("1")))
    _rolled_out(namespace)
    address = namespace.get("service/web")["spec"]["clusterIP"]

    def answer() -> str:
        return requests.get(f"http://{address}:{PORT}/", timeout=5).text

    assert answer() == "1"
    # Pods serve without what made them.
    with cluster.without("kube-apiserver"):
        assert answer() == "1"
    # What an image's registry has, and the node does not, waits for the way to it.
    with cluster.without_registry():
        namespace.apply(*web(images("2")))
        until(lambda: "ImagePull" in namespace.kubectl("get", "pods"), "a failed pull", 60)
        assert answer() == "1"
    _rolled_out(namespace)
    with cluster.without("kubelet"):
        namespace.apply(*web(images("1")))
        until(lambda: "Pending" in namespace.kubectl("get", "pods"), "a new pod", 60)
        assert answer() == "2"
    _rolled_out(namespace)
    until(lambda: answer() == "1", "the release of the last manifest", 30)
