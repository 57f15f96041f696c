"""Waiting for a rollout, with an explanation when it does not come to its end.

A cluster calls a rollout failed only at its own deadline, and some never: pods tell much earlier.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_storedog_gate.deploy.kubernetes import looking, proof
from pytest_storedog_gate.deploy.references import ImageReference
from pytest_storedog_gate.deploy.registry.words import from_registry
from pytest_storedog_gate.errors import ConfigurationError, DeploymentFailed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lightkube.models.core_v1 import ContainerStatus
    from lightkube.resources.core_v1 import Pod

    from pytest_storedog_gate.deploy.kubernetes.api.cluster import Cluster
    from pytest_storedog_gate.deploy.kubernetes.lease import Lock
    from pytest_storedog_gate.deploy.kubernetes.looking import Look, Workload
    from pytest_storedog_gate.errors import GateError

_INTERVAL = 0.3  # s
_SETTLES = 10.0  # s in which a Service follows its pods, with room for a busy cluster
_OLD_NEWS = 5.0  # s in which a condition may be of the rollout before, which has ended for it
_PULLS = ("ImagePullBackOff", "ErrImagePull", "InvalidImageName", "ErrImageNeverPull")
_NEVER_STARTS = ("CreateContainerConfigError", "CreateContainerError", "RunContainerError")
_LOGIN = "give the pod an imagePullSecret for {}"
_TRUST = "let the nodes trust the CA of {}"


@dataclass(frozen=True)
class Goal:
    """What a rollout is to come to: the `images` by container, in the template of a fingerprint.

    `generation` is the Deployment's since it was told, and `timeout` is in seconds.
    """

    workload: Workload
    images: Mapping[str, str]
    template: str
    generation: int
    timeout: float


@dataclass(frozen=True)
class Arrived:
    """The last look, and the seconds in which the Service led to nobody, as far as looks tell."""

    look: Look
    downtime: float


def wait(cluster: Cluster, lock: Lock, goal: Goal) -> Arrived:
    """Returns once nothing but the goal answers, and all of it.

    Raises `DeploymentFailed` with what was seen last, at once where it cannot come to that;
    `NoVerdict` where somebody else changed the Deployment, or a registry cannot be asked.
    """
    began = time.monotonic()
    downtime, nobody_since = 0.0, None
    while True:
        looked = time.monotonic()
        look = looking.look(cluster, goal.workload)
        if nobody_since is not None:
            downtime += looked - nobody_since
        nobody_since = None if look.answering else looked
        proof.require_template(look, goal.template)
        left = [*proof.unfinished(look, goal.generation), *proof.astray(look, goal.images)]
        if not left:
            return Arrived(look, downtime)
        seen = _Seen(cluster, look, goal, left, looked - began)
        seen.require_hope()
        if looked - began > goal.timeout:
            raise seen.not_ready(f"not ready within {goal.timeout:g} s")
        lock.pause(_INTERVAL)


def prove(cluster: Cluster, lock: Lock, goal: Goal) -> Look:
    """Nothing but the goal answers; what is left of a change of scale may settle for a moment."""
    began = time.monotonic()
    while True:
        lock.require()
        try:
            look = looking.look(cluster, goal.workload)
        except ConfigurationError as error:
            raise DeploymentFailed(str(error)) from None
        proof.require_template(look, goal.template)
        wrong = proof.astray(look, goal.images)
        if not wrong:
            return look
        if time.monotonic() - began > _SETTLES:
            name = goal.workload.deployment
            raise DeploymentFailed(f"{name} is not what was deployed: {'; '.join(wrong)}")
        lock.pause(_INTERVAL)


@dataclass(frozen=True)
class _Seen:
    """One look on the way to a goal, and what is `left` to do, after `elapsed` seconds."""

    cluster: Cluster
    look: Look
    goal: Goal
    left: list[str]
    elapsed: float

    def require_hope(self) -> None:
        """Raises why it is not going to come to its goal."""
        name, status = self.goal.workload.deployment, self.look.deployment.status
        if status is None or (status.observedGeneration or 0) < self.goal.generation:
            return  # its conditions are of what was there before
        # When it goes back to a template that it had, those of the rollout before stay for a moment
        # after the cluster has said that it has seen the change.
        conditions = (status.conditions or ()) if self.elapsed > _OLD_NEWS else ()
        for each in conditions:
            if each.type == "ReplicaFailure" and each.status == "True":
                raise DeploymentFailed(f"{name} is not ready: it gets no pods ({each.message})")
        # One that leaves is of an earlier rollout of the same template.
        for pod in (each for each in self.look.pods if not looking.is_leaving(each)):
            if (error := _of_registry(pod)) is not None:
                raise error
            for trouble in _troubles(pod):
                raise self.not_ready(trouble, pod)
        if any(each.reason == "ProgressDeadlineExceeded" for each in conditions):
            raise self.not_ready("its progressDeadlineSeconds are over")

    def not_ready(self, trouble: str, pod: Pod | None = None) -> DeploymentFailed:
        """The sentence, with what a pod wrote that is to blame."""
        pods = [each for each in self.look.pods if not looking.is_ready(each)]
        pod = pod or next(iter(sorted(pods, key=looking.is_leaving)), None)
        about = [f"pod {looking.named(pod)}{_why_pending(pod)}"] if pod else []
        seen = ", ".join([*about, *self.left, f"after {self.elapsed:.1f} s"])
        container = next(iter(self.goal.images), "")
        told = wrote(self.cluster, pod, container) if pod else "nothing"
        name = self.goal.workload.deployment
        return DeploymentFailed(f"{name} is not ready: {trouble} ({seen}); it wrote {told}")


def _of_registry(pod: Pod) -> GateError | None:
    for each in looking.statuses(pod):
        waits = each.state.waiting if each.state else None
        if waits is None or waits.reason not in _PULLS:
            continue
        text = waits.message or waits.reason
        try:
            image = ImageReference.parse(each.image)
        except ConfigurationError:
            image = ImageReference(each.image)
        return from_registry(text, image, _LOGIN, _TRUST) or DeploymentFailed(
            f"pulling {image} broke off ({text}): see that the node's disk and the registry are "
            "sound"
        )
    return None


def _troubles(pod: Pod) -> Iterator[str]:
    for each in looking.statuses(pod):
        waits = each.state.waiting if each.state else None
        if waits is not None and waits.reason == "CrashLoopBackOff":
            yield f"it restarts again and again, with exit code {_exit_code(each)}"
        elif waits is not None and waits.reason in _NEVER_STARTS:
            yield f"{waits.reason}: {waits.message}"


def _exit_code(status: ContainerStatus) -> str:
    ended = status.lastState.terminated if status.lastState else None
    return "unknown" if ended is None else str(ended.exitCode)


def _why_pending(pod: Pod) -> str:
    for each in (pod.status.conditions if pod.status else None) or ():
        if each.type == "PodScheduled" and each.status == "False":
            return f", which finds no node: {each.message}"
    return ""


def wrote(cluster: Cluster, pod: Pod, container: str) -> str:
    """What a container wrote last, for the end of a sentence."""
    lines = cluster.logs(looking.named(pod), container).splitlines()
    return "\n    ".join(["last:", *lines]) if lines else "nothing"
