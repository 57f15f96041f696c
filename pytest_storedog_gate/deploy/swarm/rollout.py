"""Waiting until a service runs what it says, and the proof that nothing else does.

The Swarm's own word for it comes early: of an update that it calls completed, tasks of before may
still be stopping, and answer. Its command line ends well after an update that was undone.
"""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_storedog_gate.deploy.references import ImageReference
from pytest_storedog_gate.deploy.swarm.journal import Journal
from pytest_storedog_gate.errors import ConfigurationError, DeploymentFailed, NoVerdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_storedog_gate.deploy.swarm.manager import Manager
    from pytest_storedog_gate.deploy.swarm.models import Node, Service, Spec, Task
    from pytest_storedog_gate.errors import GateError

_INTERVAL = 0.2
_BETWEEN = 1.0  # s, of looks at what is live
_AWAY = 30.0  # s
_UNDER_WAY = ("updating", "rollback_started")


@dataclass(frozen=True)
class Aim:
    """What the service of a `name` is to run: tasks of one template, and of no other.

    Tasks of it that were `forgiven` have ended before, in an earlier life of it. What is on a lost
    node may be left `unheard`.
    """

    name: str
    template: Spec
    forgiven: frozenset[str] = frozenset()
    unheard: bool = False


@dataclass(frozen=True)
class Look:
    """What a service, its tasks and their nodes were at one moment, held against an aim."""

    aim: Aim
    service: Service
    tasks: list[Task]
    nodes: Mapping[str, Node]

    @property
    def answers(self) -> bool:
        """Whether anything does, of whichever version."""
        return any(map(self._answers, self.tasks))

    @property
    def failed(self) -> Task | None:
        """A task of this template that has ended by itself."""
        ended = (task for task in self._ours if task.failed and task.id not in self.aim.forgiven)
        return next(ended, None)

    @property
    def lost(self) -> Task | None:
        """A task of another version on a node that nobody can ask about it."""
        return next((task for task in self._others if self._is_down(task)), None)

    @property
    def missing(self) -> str | None:
        """What is not as it is to be still; None once it is proved."""
        ready = sum(map(self._answers, self._ours))
        if not ready or ready != self.service.wanted:
            return f"{ready} of {self.service.wanted} tasks run it{self._why_not}"
        if other := next(iter(self._others), None):
            return f"{self.told(other)} is {other.state} still, with {brief(other.image)}"
        if self.service.update in _UNDER_WAY:
            return f"the Swarm says {self.service.update}"
        return None

    def told(self, task: Task) -> str:
        """Which task it is, for people."""
        node = self.nodes.get(task.node)
        return f"the task {task.id[:12]}{f' on {node.name}' if node else ''}"

    @property
    def _why_not(self) -> str:
        """What the Swarm says of a task that no node takes, or that cannot begin yet."""
        said = (task.error for task in self._ours if task.waits and task.error)
        why = next(said, "")
        return f": {why}" if why else ""

    def _answers(self, task: Task) -> bool:
        """One on a node that nobody can ask may have ended."""
        node = self.nodes.get(task.node)
        return task.answers and (node is None or node.ready)

    def _is_down(self, task: Task) -> bool:
        node = self.nodes.get(task.node)
        return node is not None and node.down

    @property
    def _ours(self) -> list[Task]:
        return [task for task in self.tasks if task.is_made_of(self.aim.template)]

    @property
    def _others(self) -> list[Task]:
        ours = {task.id for task in self._ours}
        others = [task for task in self.tasks if task.id not in ours and task.may_answer]
        return [task for task in others if not (self.aim.unheard and self._is_down(task))]


def settle(manager: Manager, aim: Aim, timeout: float) -> float:
    """Waits until the aim is reached; gives the seconds in which nobody answered meanwhile.

    Raises `DeploymentFailed` with what was seen, at once when a task has ended by itself, and
    `NoVerdict` where somebody else has updated the service.
    """
    began = last = time.monotonic()
    unavailable = 0.0
    while True:
        service = _of_template(manager, aim)
        seen = Look(aim, service, manager.tasks(service), manager.nodes())
        now = time.monotonic()
        if not seen.answers:
            unavailable += now - last
        last = now
        if wrong := _wrong(manager, seen):
            raise DeploymentFailed(wrong)
        if (missing := seen.missing) is None:
            return unavailable
        if now - began > timeout:
            missing = manager.redact(missing)
            raise DeploymentFailed(
                f"{aim.name} is not ready: not within {timeout:g} s ({missing}); see its tasks: "
                f"{manager.way.docker} service ps {aim.name}"
            )
        # The Swarm tells no events of tasks.
        time.sleep(_INTERVAL)


def looks(manager: Manager, name: str) -> Iterator[GateError | None]:
    """What is wrong with the service as it is at the first look, look by look."""
    with closing(manager.another()) as own:
        service = own.get_service(name)
        aim = Aim(name, service.template, failures(own, service))
        whole = time.monotonic()
        while True:
            try:
                service = _of_template(own, aim)
                seen = Look(aim, service, own.tasks(service), own.nodes())
                wrong, missing = _wrong(own, seen), seen.missing
            except (DeploymentFailed, NoVerdict) as error:
                yield error
            else:
                now = time.monotonic()
                whole = now if missing is None else whole
                # One that was drained, or scaled up, has a moment to be whole again.
                if wrong is None and now - whole > _AWAY:
                    wrong = own.redact(f"{name} is not what was deployed: {missing}")
                yield DeploymentFailed(wrong) if wrong else None
            time.sleep(_BETWEEN)


def failures(manager: Manager, service: Service) -> frozenset[str]:
    """The tasks that have ended by themselves by now."""
    return frozenset(task.id for task in manager.tasks(service) if task.failed)


def require_settled(manager: Manager, name: str) -> Service:
    """The service, which nobody else is updating, and whose update has not failed.

    An update of the gate's own that could not be put back gives way to the next one.
    """
    service = manager.find_service(name)
    if service is None:
        raise ConfigurationError(unknown(manager, name))
    if not service.wanted:
        why = "is to have no task" if service.wanted == 0 else "has no number of tasks"
        raise ConfigurationError(
            f"{name} {why}, and the gate updates replicated services with one at least: scale it"
        )
    if Journal.of(service) is not None:
        return service
    if service.update in _UNDER_WAY:
        raise NoVerdict(
            f"{name} is being updated by somebody else ({service.update}): run again when that has "
            "ended"
        )
    if service.update in ("paused", "rollback_paused"):
        raise DeploymentFailed(
            f"an update of {name} has failed and was paused ({service.message}), so that nobody "
            f"can say what to go back to: undo it with {manager.way.docker} service rollback {name}"
        )
    return service


def updated_by_others(service: Service) -> NoVerdict:
    """For who finds another template there than the gate has set."""
    return NoVerdict(
        f"somebody else has updated {service.name} meanwhile, to {brief(service.image)}: it was "
        "not overwritten; see who is at work there, and run again"
    )


def unknown(manager: Manager, name: str) -> str:
    """What to do where there is no such service."""
    return (
        f"the Swarm at {manager.endpoint} has no service {name}: deploy its stack first, or name "
        "another one in `swarm.service`"
    )


def brief(image: str) -> str:
    """An image for people; one that was named by something else stays as it is."""
    try:
        return ImageReference.parse(image).brief
    except ConfigurationError:
        return image


def _of_template(manager: Manager, aim: Aim) -> Service:
    service = manager.get_service(aim.name)
    if service.template != aim.template:
        raise updated_by_others(service)
    return service


def _wrong(manager: Manager, seen: Look) -> str | None:
    """What no waiting will mend."""
    if task := seen.failed:
        return _ended(manager, seen, task)
    if task := seen.lost:
        return _lost(seen, task)
    if seen.service.update == "paused":
        said = manager.redact(seen.service.message)
        return f"{seen.aim.name} is not ready: the Swarm has paused its update ({said})"
    return None


def _ended(manager: Manager, seen: Look, task: Task) -> str:
    """As a task's error is worded, with what its container wrote."""
    if task.state == "rejected":
        why = f"{seen.told(task)} cannot start ({manager.redact(task.error)})"
    elif "unhealthy" in task.error:
        why = f"{seen.told(task)}: its HEALTHCHECK says unhealthy"
    elif task.exit_code or task.state == "complete":
        why = f"{seen.told(task)} has ended with exit code {task.exit_code}"
    else:
        why = f"{seen.told(task)} has failed ({manager.redact(task.error)})"
    lines = manager.task_logs(task.id).splitlines()
    wrote = "\n    ".join(["last:", *lines]) if lines else "nothing"
    return f"{seen.aim.name} is not ready: {why}; it wrote {wrote}"


def _lost(seen: Look, task: Task) -> str:
    node, name = seen.nodes[task.node].name, seen.aim.name
    return (
        f"{name} is not ready: the node {node} does not answer the Swarm, and {name} ran "
        f"{brief(task.image)} there, so that nobody can say whether that still answers; bring the "
        f"node back, or take it out of the Swarm with docker node rm --force {node}"
    )
