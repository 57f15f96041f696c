"""Proof that what answers is what was deployed, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_storedog_gate.deploy.kubernetes import looking
from pytest_storedog_gate.deploy.references import short
from pytest_storedog_gate.errors import NoVerdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lightkube.models.core_v1 import ContainerStatus

    from pytest_storedog_gate.deploy.kubernetes.looking import Look


def astray(look: Look, images: Mapping[str, str]) -> list[str]:
    """What speaks against it: the Service leads to exactly the ready pods, which have the images.

    What Kubernetes calls a complete rollout has pods of the earlier template, which answer still.
    """
    wrong = [f"the pod {looking.named(pod)} is of another template" for pod in look.others]
    wrong += [
        f"{name} has traffic, and is no ready pod of this template"
        for name in sorted(look.answering - look.ready)
    ]
    wrong += [
        f"the pod {name} is ready, and has no traffic"
        for name in sorted(look.ready - look.answering)
    ]
    if not look.ready:
        wrong.append("no pod of it is ready")
    for pod in look.pods:
        if looking.is_ready(pod):
            wrong += _wrong_images(looking.named(pod), looking.statuses(pod), images)
    return wrong


def unfinished(look: Look, generation: int) -> Iterator[str]:
    """What is left of a rollout, by the counts of the Deployment, which may be scaled meanwhile."""
    status, wanted = look.deployment.status, look.deployment.spec.replicas or 0
    if status is None or (status.observedGeneration or 0) < generation:
        yield "the cluster has not seen it yet"
        return
    counts = {
        "updated": status.updatedReplicas,
        "ready": status.readyReplicas,
        "available": status.availableReplicas,
    }
    for what, count in counts.items():
        if (count or 0) != wanted:
            yield f"{count or 0} of {wanted} replicas are {what}"


def require_template(look: Look, template: str) -> None:
    """NoVerdict where somebody else has changed it: it is left as it is."""
    if look.template != template:
        name = looking.named(look.deployment)
        now = ", ".join(looking.images(look.deployment).values())
        raise NoVerdict(
            f"somebody else has changed the template of {name} meanwhile, which runs {now} now: "
            "nothing was overwritten; see what they did, and run again"
        )
    if look.deployment.spec.paused:
        raise NoVerdict(f"somebody has paused {looking.named(look.deployment)} meanwhile")


def _wrong_images(
    pod: str, statuses: list[ContainerStatus], images: Mapping[str, str]
) -> Iterator[str]:
    """Digests alone are compared: the same one in two repositories has the name of either."""
    running = {each.name: each.imageID for each in statuses}
    for container, image in images.items():
        wanted, found = _digest(image), _digest(running.get(container, ""))
        if wanted and found != wanted:
            yield f"container {container} of {pod}: expected {short(wanted)}, found {short(found)}"


def _digest(image: str) -> str:
    _, at, digest = image.partition("@")
    return digest if at else ""
