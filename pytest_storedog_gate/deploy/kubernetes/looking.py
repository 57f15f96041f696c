"""What is there of a Deployment at one moment: its template, its pods, and who has the traffic."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lightkube.resources.apps_v1 import Deployment, ReplicaSet
from lightkube.resources.core_v1 import Pod
from lightkube.resources.discovery_v1 import EndpointSlice
from msgspec import convert

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lightkube.models.core_v1 import ContainerStatus

    from pytest_storedog_gate.deploy.kubernetes.api.cluster import Cluster

_HASH = "pod-template-hash"  # what the cluster itself adds to the template of a ReplicaSet


@dataclass(frozen=True)
class Workload:
    """A Deployment and the Service that leads to it, by their names."""

    deployment: str
    service: str


@dataclass(frozen=True)
class Endpoint:
    """One that a Service leads to: a pod's name, or an address that is no pod's."""

    name: str
    address: str
    ready: bool
    port: int | None = None


@dataclass(frozen=True)
class Look:
    """All of it was asked for within a moment, the endpoints last.

    `pods` are those of the current template, and `others` those of earlier ones: one that is ending
    may answer still. One all of whose containers have ended is left out. The cluster replaces it,
    and an evicted one stays there for days.
    """

    deployment: Deployment
    pods: tuple[Pod, ...]
    others: tuple[Pod, ...]
    endpoints: tuple[Endpoint, ...]

    @property
    def template(self) -> str:
        """See `fingerprint`."""
        return fingerprint(self.deployment)

    @property
    def ready(self) -> frozenset[str]:
        """The pods of the current template that are ready and not on their way out."""
        return frozenset(named(pod) for pod in self.pods if is_ready(pod))

    @property
    def answering(self) -> frozenset[str]:
        """Who has the traffic."""
        return frozenset(each.name for each in self.endpoints if each.ready)

    @property
    def strangers(self) -> frozenset[str]:
        """Who has traffic and is no pod of the Deployment's."""
        return self.answering - {named(pod) for pod in (*self.pods, *self.others)}


def look(cluster: Cluster, workload: Workload) -> Look:
    """ConfigurationError where the Deployment is gone."""
    deployment = cluster.get(Deployment, workload.deployment)
    selector = selected(deployment)
    sets = [
        each
        for each in cluster.list(ReplicaSet, selector)
        if _owner(each) == (deployment.metadata and deployment.metadata.uid)
    ]
    wanted = fingerprint(deployment)
    current = {each.metadata.uid for each in sets if each.metadata and fingerprint(each) == wanted}
    ours = {each.metadata.uid for each in sets if each.metadata}
    pods = [pod for pod in cluster.list(Pod, selector) if _owner(pod) in ours and not _ended(pod)]
    return Look(
        deployment,
        tuple(pod for pod in pods if _owner(pod) in current),
        tuple(pod for pod in pods if _owner(pod) not in current),
        tuple(endpoints(cluster, workload.service)),
    )


def endpoints(cluster: Cluster, service: str) -> list[Endpoint]:
    """Those of all slices of a Service."""
    found = []
    for each in cluster.list(EndpointSlice, {"kubernetes.io/service-name": service}):
        port = next((port.port for port in each.ports or () if port.port), None)
        for one in each.endpoints or ():
            pod = one.targetRef
            address = one.addresses[0] if one.addresses else "?"
            name = str(pod.name) if pod and pod.kind == "Pod" else address
            # Unknown counts as ready, as it does for who sends traffic there.
            ready = one.conditions is None or one.conditions.ready is not False
            found.append(Endpoint(name, address, ready, port))
    return found


def fingerprint(owner: Deployment | ReplicaSet) -> str:
    """Of the template: equal for equal ones, whoever has scaled or annotated its owner since."""
    template: dict[str, Any] = _template(owner)
    labels = dict((template.get("metadata") or {}).get("labels") or {})
    labels.pop(_HASH, None)
    template["metadata"] = {**(template.get("metadata") or {}), "labels": labels}
    text = json.dumps(template, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def images(deployment: Deployment) -> dict[str, str]:
    """The image of each container of the template, by its name."""
    found = (_template(deployment).get("spec") or {}).get("containers") or []
    return {str(each["name"]): str(each.get("image", "")) for each in found}


def copy_with(deployment: Deployment, images: Mapping[str, str]) -> Deployment:
    """The same with these images by container."""
    copy = convert(deployment.to_dict(), Deployment)
    pod = copy.spec.template.spec
    for container in pod.containers if pod else ():
        container.image = images.get(container.name, container.image)
    return copy


def selected(deployment: Deployment) -> Mapping[str, str]:
    """The labels that all its pods have."""
    return deployment.spec.selector.matchLabels or {}


def named(thing: Any) -> str:
    return str(thing.metadata.name)


def is_leaving(pod: Pod) -> bool:
    return pod.metadata is not None and pod.metadata.deletionTimestamp is not None


def is_ready(pod: Pod) -> bool:
    if is_leaving(pod) or pod.status is None:
        return False
    found = pod.status.conditions or ()
    return any(each.type == "Ready" and each.status == "True" for each in found)


def statuses(pod: Pod) -> list[ContainerStatus]:
    """Of its containers, those that run first included."""
    if pod.status is None:
        return []
    return [*(pod.status.initContainerStatuses or ()), *(pod.status.containerStatuses or ())]


def restarts(look: Look) -> dict[str, int]:
    """By pod and container: a pod that a change of scale has brought has none."""
    return {
        f"{named(pod)}/{each.name}": each.restartCount
        for pod in look.pods
        for each in statuses(pod)
    }


def _template(owner: Deployment | ReplicaSet) -> dict[str, Any]:
    template = owner.spec.template
    return dict(template.to_dict()) if template else {}


def _ended(pod: Pod) -> bool:
    return pod.status is not None and pod.status.phase in ("Failed", "Succeeded")


def _owner(thing: ReplicaSet | Pod) -> str | None:
    owners = (thing.metadata.ownerReferences if thing.metadata else None) or ()
    return next((each.uid for each in owners if each.controller), None)
