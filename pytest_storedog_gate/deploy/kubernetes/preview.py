"""The candidate that stands for checks before traffic: a Deployment and a Service of its own.

It has the template of what is live with the new image, and other labels, by which no Service of
what is live selects it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from lightkube.models.apps_v1 import DeploymentSpec
from lightkube.models.core_v1 import PodTemplateSpec, ServicePort, ServiceSpec
from lightkube.models.meta_v1 import LabelSelector, ObjectMeta, OwnerReference
from lightkube.resources.apps_v1 import Deployment
from lightkube.resources.core_v1 import Service

from pytest_storedog_gate.deploy.kubernetes import looking
from pytest_storedog_gate.deploy.kubernetes.looking import Workload
from pytest_storedog_gate.deploy.kubernetes.rollout import Goal
from pytest_storedog_gate.errors import ConfigurationError, DeploymentFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_storedog_gate.deploy.kubernetes.api.cluster import Cluster
    from pytest_storedog_gate.deploy.kubernetes.lease import Lock
    from pytest_storedog_gate.deploy.kubernetes.target import Target

LABEL = "storedog.gate/preview"
_LONGEST = 63  # characters of a Service's name, and of a label's value
Made = TypeVar("Made", Deployment, Service)


def start(
    cluster: Cluster,
    target: Target,
    live: Deployment,
    service: Service,
    images: Mapping[str, str],
) -> Goal:
    """Makes both, and says what they are to come to. One that was left is to be removed before."""
    made = _made(cluster, _deployment(target, live, service, images))
    _made(cluster, _service(target, live, service))
    generation = (made.metadata.generation if made.metadata else None) or 0
    workload = Workload(target.candidate, target.candidate_service)
    return Goal(workload, images, looking.fingerprint(made), generation, target.timeout)


def remove(cluster: Cluster, lock: Lock, target: Target) -> str | None:
    """Takes both away, and says so where there was one.

    A run that slept and lost its lock takes away nothing of the one that has it: what was found
    while the lock was held for sure is no other's, and nothing else is deleted.
    """
    found = (
        cluster.find(Service, target.candidate_service),
        cluster.find(Deployment, target.candidate),
    )
    ours = [each for each in found if each is not None and _is_ours(each)]
    lock.require()
    for each in ours:
        cluster.delete(each)
    told = looking.named(ours[-1]) if ours else None
    return told and f"removed {told}, a candidate that never had traffic"


def require_free(cluster: Cluster, target: Target) -> None:
    """ConfigurationError where something that the gate has not made is called like a candidate.

    So it is where no candidate can be called so.
    """
    if max(len(target.candidate_service), len(target.deployment)) > _LONGEST:
        raise ConfigurationError(
            f"the candidate of {target.deployment} would be the Service {target.candidate_service} "
            f"with the label {LABEL}={target.deployment}, and a cluster takes {_LONGEST} "
            "characters for each: shorten the name, or take `preview` out"
        )
    taken = {
        f"Deployment {target.candidate}": cluster.find(Deployment, target.candidate),
        f"Service {target.candidate_service}": cluster.find(Service, target.candidate_service),
    }
    for what, found in taken.items():
        if found is not None and not _is_ours(found):
            raise ConfigurationError(
                f"there is a {what} that the gate has not made, and its candidate is called so: "
                "rename it, or take `preview` out"
            )


def stands(cluster: Cluster, target: Target) -> bool:
    """Whether a run has left one."""
    found = cluster.find(Deployment, target.candidate)
    return found is not None and _is_ours(found)


def _is_ours(found: Deployment | Service) -> bool:
    return LABEL in ((found.metadata.labels if found.metadata else None) or {})


def _made(cluster: Cluster, thing: Made) -> Made:
    made = cluster.create(thing)
    if made is None:
        raise DeploymentFailed(
            f"{looking.named(thing)} is there already: somebody else has made it at the same time"
        )
    return made


def _deployment(
    target: Target, live: Deployment, service: Service, images: Mapping[str, str]
) -> Deployment:
    spec = looking.copy_with(live, images).spec
    selected = spec.selector
    mine = {*(selected.matchLabels or {}), *((service.spec and service.spec.selector) or {})}
    mine |= {each.key for each in selected.matchExpressions or ()}
    before = spec.template.metadata or ObjectMeta()
    kept = {key: value for key, value in (before.labels or {}).items() if key not in mine}
    labels = {**kept, LABEL: target.deployment}
    template = PodTemplateSpec(
        metadata=ObjectMeta(labels=labels, annotations=before.annotations),
        spec=spec.template.spec,
    )
    return Deployment(
        metadata=_metadata(target.candidate, target, live),
        spec=DeploymentSpec(
            replicas=1,
            selector=LabelSelector(matchLabels={LABEL: target.deployment}),
            template=template,
            minReadySeconds=spec.minReadySeconds,
            progressDeadlineSeconds=spec.progressDeadlineSeconds,
            revisionHistoryLimit=0,
        ),
    )


def _service(target: Target, live: Deployment, service: Service) -> Service:
    ports = (service.spec.ports if service.spec else None) or []
    return Service(
        metadata=_metadata(target.candidate_service, target, live),
        spec=ServiceSpec(
            selector={LABEL: target.deployment},
            ports=[
                ServicePort(
                    port=each.port,
                    targetPort=each.targetPort,
                    name=each.name,
                    protocol=each.protocol,
                    appProtocol=each.appProtocol,
                )
                for each in ports
            ],
        ),
    )


def _metadata(name: str, target: Target, live: Deployment) -> ObjectMeta:
    """It goes with what is live, whoever takes that away."""
    owner = OwnerReference(
        apiVersion="apps/v1",
        kind="Deployment",
        name=target.deployment,
        uid=str(live.metadata and live.metadata.uid),
    )
    return ObjectMeta(name=name, labels={LABEL: target.deployment}, ownerReferences=[owner])
