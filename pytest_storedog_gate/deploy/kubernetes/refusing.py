"""What is refused before anything is touched: a Deployment that would not roll out, or not stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lightkube.resources.core_v1 import Service as KubernetesService

from pytest_storedog_gate.deploy.kubernetes import looking
from pytest_storedog_gate.errors import ConfigurationError, NoVerdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lightkube.resources.apps_v1 import Deployment

    from pytest_storedog_gate.deploy.kubernetes.api.cluster import Cluster
    from pytest_storedog_gate.deploy.kubernetes.looking import Workload
    from pytest_storedog_gate.deploy.kubernetes.target import Target

# Labels and annotations by which a controller knows what it puts back, and who that is.
_REVERTING = {
    "argocd.argoproj.io/tracking-id": "Argo CD",
    "argocd.argoproj.io/instance": "Argo CD",
    "kustomize.toolkit.fluxcd.io/name": "Flux",
    "helm.toolkit.fluxcd.io/name": "Flux",
}
_HELM = "meta.helm.sh/release-name"
# Who has applied an object under these names. Argo CD may know what is its own by a label alone
# that Helm uses, too; and the name stays when an object is taken out of it.
_APPLIED_BY = {
    "argocd-controller": "Argo CD",
    "argocd-application-controller": "Argo CD",
    "kustomize-controller": "Flux",
    "helm-controller": "Flux",
}


def require_deployable(deployment: Deployment, kubectl: str) -> None:
    """Raises why it cannot be deployed to as it is."""
    name = looking.named(deployment)
    said = _said(deployment)
    for key, who in _REVERTING.items():
        if key in said:
            raise ConfigurationError(
                f"{name} is {who}'s ({key}), which would put its own image back: let {who} deploy, "
                "and the gate decide on that (docs/how-to/deployed-elsewhere.md), or take it out "
                f"of {who}"
            )
    owners = (deployment.metadata.ownerReferences if deployment.metadata else None) or ()
    for each in owners:
        if each.controller:
            raise ConfigurationError(
                f"{name} is made by {each.kind} {each.name}, which would put its own image back: "
                "its controller has to deploy"
            )
    if deployment.spec.paused:
        raise NoVerdict(
            f"{name} is paused, so that nothing would be rolled out: {kubectl} rollout resume "
            f"deployment/{name}"
        )
    if deployment.spec.replicas == 0:
        raise NoVerdict(
            f"{name} is scaled to 0, so that nobody would answer: {kubectl} scale "
            f"deployment/{name} --replicas=1"
        )
    conditions = (deployment.status.conditions if deployment.status else None) or ()
    for condition in conditions:
        if condition.type == "ReplicaFailure" and condition.status == "True":
            raise NoVerdict(f"{name} gets no pods as it is ({condition.message}): mend that first")


def told(deployment: Deployment) -> Iterator[str]:
    """What a person had better know, and is no reason to refuse."""
    release = _said(deployment).get(_HELM)
    if release:
        yield (
            f"{looking.named(deployment)} is of Helm's release {release}: its next upgrade puts "
            "the image of its own values in"
        )
    applied = (deployment.metadata.managedFields if deployment.metadata else None) or ()
    for who in sorted({_APPLIED_BY[e.manager] for e in applied if e.manager in _APPLIED_BY}):
        yield (
            f"{looking.named(deployment)} was applied by {who}: where it still is {who}'s, that "
            "puts its own image back"
        )


def containers(deployment: Deployment, target: Target, service: str) -> tuple[str, ...]:
    """Whose image is the gate's; ConfigurationError names those that there are."""
    known = list(looking.images(deployment))
    if target.containers:
        chosen = target.containers
    elif service in known:
        chosen = (service,)
    else:
        chosen = tuple(known) if len(known) == 1 else ()
    if not chosen or not set(chosen) <= set(known):
        wanted = ", ".join(sorted(set(chosen) - set(known))) or f"{service}, nor only one"
        raise ConfigurationError(
            f"{target.deployment} has no container {wanted}: it has {', '.join(known)}; name those "
            "of the image with kubernetes.containers"
        )
    return chosen


def require_service(cluster: Cluster, deployment: Deployment, name: str) -> KubernetesService:
    """The Service, which selects the Deployment's pods; ConfigurationError says what it does."""
    service = cluster.get(KubernetesService, name)
    if service.spec is not None and service.spec.type == "ExternalName":
        raise ConfigurationError(
            f"the Service {name} is an ExternalName, which leads to {service.spec.externalName} "
            f"and not to the pods of {looking.named(deployment)}: name the one that leads to them "
            "with kubernetes.service"
        )
    selector = (service.spec.selector if service.spec else None) or {}
    template = deployment.spec.template.metadata
    labels = (template.labels if template else None) or {}
    if not selector or not selector.items() <= labels.items():
        wanted = ", ".join(f"{key}={value}" for key, value in selector.items()) or "nothing"
        raise ConfigurationError(
            f"the Service {name} selects {wanted}, and not the pods of "
            f"{looking.named(deployment)}: name the one that leads to them with kubernetes.service"
        )
    return service


def require_no_strangers(cluster: Cluster, workload: Workload) -> None:
    """ConfigurationError where the Service leads to others, too: what answers could not be proved.

    One that was seen in one look alone has come or gone meanwhile.
    """
    strangers = looking.look(cluster, workload).strangers
    strangers = strangers and strangers & looking.look(cluster, workload).strangers
    if strangers:
        raise ConfigurationError(
            f"the Service {workload.service} leads to {', '.join(sorted(strangers))} as well, no "
            f"pod of {workload.deployment}, so that nobody could say what answers: take that out "
            "of its selector or its EndpointSlices, or name another one with kubernetes.service"
        )


def _said(deployment: Deployment) -> dict[str, str]:
    metadata = deployment.metadata
    if metadata is None:
        return {}
    return {**(metadata.labels or {}), **(metadata.annotations or {})}
