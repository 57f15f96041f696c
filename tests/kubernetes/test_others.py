"""Others who write a Deployment on a real cluster: told apart, refused, or left as they are."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from lab.scripts.state import LabError
from pytest_storedog_gate.errors import ConfigurationError, NoVerdict
from pytest_storedog_gate.pytest_side.conformance import Run, deploy
from tests.kubernetes.places import OnTheCluster
from tests.kubernetes.web import web
from tests.local_synthetics.support.service import until

if TYPE_CHECKING:
    from tests.kubernetes.cluster import Cluster, Namespace
    from tests.live.images.factory import ImageFactory

pytestmark = pytest.mark.kubernetes
MANAGER = "storedog-gate"


@pytest.fixture
def place(cluster: Cluster, namespace: Namespace, images: ImageFactory) -> OnTheCluster:
    """Release 1 is live."""
    found = OnTheCluster(namespace, cluster.kubeconfig, images)
    deploy(found, found.old)
    return found


def scaler(least: int, most: int) -> dict[str, Any]:
    """Without metrics one scales all the same, by its bounds."""
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web"},
        "spec": {"scaleTargetRef": target, "minReplicas": least, "maxReplicas": most},
    }


def managers(place: OnTheCluster, field: str) -> set[str]:
    """Who owns a field of the Deployment."""
    found = place.namespace.get("deployment/web", "--show-managed-fields")["metadata"]
    return {each["manager"] for each in found["managedFields"] if field in str(each["fieldsV1"])}


def replicas(place: OnTheCluster) -> int:
    return int(place.namespace.get("deployment/web")["spec"]["replicas"])


# What is ready counts after so many seconds: a scaler looks every 15 s.
SLOWLY = (
    """{"spec": {"minReadySeconds": 20, "strategy": {"rollingUpdate": {"maxSurge": "100%"}}}}"""
)


def test_a_horizontal_pod_autoscaler_scales_while_a_release_rolls_out(place: OnTheCluster) -> None:
    place.namespace.kubectl("patch", "deployment/web", f"--patch={SLOWLY}")
    with ThreadPoolExecutor(1) as pool, Run(place, place.new).until("stage") as run:
        place.namespace.apply(scaler(3, 5))
        promoted = pool.submit(run.until, "promote")
        until(lambda: replicas(place) == 3, "three replicas", 60)
        assert not promoted.done()
        promoted.result(timeout=120)
        run.live.prove()
        place.namespace.apply(scaler(1, 2))
        until(lambda: replicas(place) == 2, "two replicas", 60)
        run.live.prove()
        run.live.rollback()
    assert (place.answer(), replicas(place)) == (place.old.digest, 2)
    assert MANAGER not in managers(place, "f:replicas")


REFUSED = {
    "annotate argocd.argoproj.io/tracking-id=shop": "web is Argo CD's",
    "label argocd.argoproj.io/instance=shop": "web is Argo CD's",
    "label kustomize.toolkit.fluxcd.io/name=shop": "web is Flux's",
    "label helm.toolkit.fluxcd.io/name=shop": "web is Flux's",
}


def test_what_another_controller_would_put_back_is_refused(place: OnTheCluster) -> None:
    for said, why in REFUSED.items():
        verb, mark = said.split()
        place.namespace.kubectl(verb, "deployment/web", mark)
        before = place.namespace.get("deployment/web")["metadata"]["resourceVersion"]
        with pytest.raises(ConfigurationError, match=why), Run(place, place.new) as run:
            run.until("stage")
        assert place.namespace.get("deployment/web")["metadata"]["resourceVersion"] == before
        place.namespace.kubectl(verb, "deployment/web", f"{mark.partition('=')[0]}-")
    deploy(place, place.new)


def test_who_may_put_its_own_image_in_later_is_told(place: OnTheCluster) -> None:
    """Argo CD with its default way to know what is its own, and Helm."""
    mark = "meta.helm.sh/release-name=shop"
    place.namespace.kubectl("annotate", "deployment/web", mark)
    place.namespace.kubectl(
        "label",
        "deployment/web",
        "app.kubernetes.io/instance=shop",
        "--field-manager=argocd-controller",
    )
    deploy(place, place.new)
    assert any("Helm's release shop: its next upgrade puts" in line for line in place.said)
    assert any("web was applied by Argo CD: where it still is" in line for line in place.said)


def test_kubectl_apply_of_the_manifest_is_noticed_and_not_overwritten(
    place: OnTheCluster, images: ImageFactory
) -> None:
    with Run(place, place.new).until("promote") as run:
        place.namespace.apply(*web(images("0"), replicas=1))
        with pytest.raises(NoVerdict, match="somebody else has changed the template of web"):
            run.live.prove()
        assert "was left as it is" in run.live.rollback()
    now = place.namespace.get("deployment/web")["spec"]["template"]["spec"]["containers"][0]
    assert now["image"] == images("0")
    deploy(place, place.new)


def test_kubectl_apply_of_all_but_the_image_goes_with_it(
    place: OnTheCluster, images: ImageFactory
) -> None:
    """On the server's side, a manifest that names the image is told whose it is by now."""
    deploy(place, place.new)
    _, deployment = web(images("0"), replicas=2)
    with pytest.raises(LabError, match=f'conflict with "{MANAGER}".*image'):
        place.namespace.apply(deployment, server_side=True)
    with Run(place, place.old).until("promote") as run:
        del deployment["spec"]["template"]["spec"]["containers"][0]["image"]
        place.namespace.apply(deployment, server_side=True)
        place.namespace.kubectl("rollout", "status", "deployment/web", "--timeout=60s")
        run.live.prove()
        run.live.conclude()
    assert (place.answer(), replicas(place)) == (place.old.digest, 2)
