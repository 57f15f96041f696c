"""The journey on the cluster: the shop from its manifests, then discounts alone by the gate."""

from __future__ import annotations

from lab.offline import programs
from lab.offline.kubernetes import cluster, kubectl
from lab.offline.kubernetes.addresses import KUBECONFIG, NODE
from lab.scripts import images
from lab.scripts.journey.stops import Stop, must_offer_discounts, run_gate
from lab.scripts.machine import registry
from lab.scripts.progress import step
from lab.scripts.state import LAB, REPORTS, LabError, database_password

SHOPS = {"staging": f"http://{NODE}:30080", "production": f"http://{NODE}:30090"}
_MANIFESTS = LAB / "storedog" / "kubernetes"
OPTIONS = (f"--storedog-config={(_MANIFESTS / 'storedog.toml').relative_to(LAB)}",)
JOURNEY = (
    Stop("better", "staging", 0, {"staging": "better", "production": "good"}),
    Stop("better", "production", 0, {"staging": "better", "production": "better"}),
    Stop("renamed-field", "staging", 1, {"staging": "better", "production": "better"}),
)


def settings() -> tuple[str, ...]:
    """What a person's shell needs beside the lab's settings."""
    return (
        f"export KUBECONFIG='{KUBECONFIG}'",
        f"kubectl() {{ '{programs.KUBERNETES.path}' kubectl \"$@\"; }}",
    )


def travel() -> None:
    """Makes the whole journey; raises at the first thing that is not as it should be."""
    cluster.up()
    with step("Storedog on Kubernetes, from its manifests"):
        for environment in SHOPS:
            _apply(environment)
        for environment in SHOPS:
            kubectl.run("rollout", "status", "deployment", f"--namespace=storedog-{environment}")
    for stop in JOURNEY:
        reports = REPORTS / "kubernetes"
        run_gate(stop, *OPTIONS, reports=reports, KUBECONFIG=str(KUBECONFIG))
        for environment, release in stop.live.items():
            _must_be_live(environment, release)


def _apply(environment: str) -> None:
    namespace = f"--namespace=storedog-{environment}"
    folder = _MANIFESTS / environment
    kubectl.run("apply", f"--filename={folder / 'namespace.yaml'}")
    login = {
        "POSTGRES_USER": "storedog",
        "POSTGRES_PASSWORD": database_password(),
        "POSTGRES_DB": "storedog",
    }
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db"}, "stringData": login}
    kubectl.apply([secret], namespace)
    kubectl.run("apply", f"--kustomize={folder}")


def _must_be_live(environment: str, release: str) -> None:
    """What its pods are made of, and the shop's answer, belong to the release."""
    wanted = f"{registry.ADDRESS}/storedog/discounts@{images.release_digest(release)}"
    namespace = f"--namespace=storedog-{environment}"
    pods = kubectl.get("pods", "--selector=app=discounts", namespace)["items"]
    held = {
        pod["status"]["containerStatuses"][0]["imageID"]
        for pod in pods
        if "deletionTimestamp" not in pod["metadata"]
    }
    if held != {wanted}:
        raise LabError(
            f"{release} ({wanted}) must be live in {environment}; the pods of discounts hold "
            f"{', '.join(sorted(held)) or 'nothing'}"
        )
    must_offer_discounts(environment, SHOPS[environment])
