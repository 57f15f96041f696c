"""What a Swarm tells of its services, their tasks and its nodes.

A `spec` is in the words of the engine's API: what the gate does not know stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

    Spec = Mapping[str, Any]

_STATES = (
    *("new", "pending", "assigned", "accepted", "preparing", "ready", "starting", "running"),
    *("complete", "shutdown", "failed", "rejected", "remove", "orphaned"),
)
"""Of a task, from the first to the last; from the ninth on it has ended."""
_STARTING, _ENDED = _STATES.index("starting"), _STATES.index("complete")


@dataclass(frozen=True)
class Service:
    """A service. Each change of it, whoever makes it, gives it another `version`.

    It was `changed` then, by the manager's clock. `update` is the state of its last update and
    `message` what the Swarm says of that; both are empty since a change that needed none.
    """

    id: str
    name: str
    version: int
    spec: Spec
    update: str = ""
    message: str = ""
    changed: str = ""

    @classmethod
    def from_inspection(cls, found: Mapping[str, Any]) -> Self:
        update = found.get("UpdateStatus") or {}
        return cls(
            found["ID"],
            found["Spec"]["Name"],
            found["Version"]["Index"],
            found["Spec"],
            update.get("State", ""),
            update.get("Message", ""),
            found["UpdatedAt"],
        )

    @property
    def labels(self) -> Mapping[str, str]:
        return self.spec.get("Labels") or {}

    @property
    def template(self) -> Spec:
        """What its tasks are made of."""
        return dict(self.spec["TaskTemplate"])

    @property
    def image(self) -> str:
        return str(self.template["ContainerSpec"]["Image"])

    @property
    def ports(self) -> list[Mapping[str, Any]]:
        """What it publishes."""
        return list((self.spec.get("EndpointSpec") or {}).get("Ports") or ())

    @property
    def wanted(self) -> int | None:
        """How many tasks it is to have; None where it is not one with a number."""
        return (self.spec["Mode"].get("Replicated") or {}).get("Replicas")


@dataclass(frozen=True)
class Task:
    """One container of a service, or what is left of it, on a `node` or on none yet.

    `error` is what the Swarm says of its end, `exit_code` how its process ended.
    """

    id: str
    node: str
    state: str
    desired: str
    spec: Spec
    error: str = ""
    exit_code: int = 0

    @classmethod
    def from_inspection(cls, found: Mapping[str, Any]) -> Self:
        status = found["Status"]
        return cls(
            found["ID"],
            found.get("NodeID", ""),
            status["State"],
            found["DesiredState"],
            found["Spec"],
            status.get("Err", ""),
            (status.get("ContainerStatus") or {}).get("ExitCode", 0),
        )

    @property
    def ended(self) -> bool:
        return _STATES.index(self.state) >= _ENDED

    @property
    def waits(self) -> bool:
        """Whether it is to run, and does not yet."""
        return self.desired == "running" and _STATES.index(self.state) < _STATES.index("running")

    @property
    def failed(self) -> bool:
        """Whether it has ended by itself, which no task of a service is to do."""
        return self.state in ("failed", "rejected", "complete")

    @property
    def may_answer(self) -> bool:
        """Whether its container answers, or may soon."""
        going = self.desired in ("shutdown", "remove")
        return not self.ended and not (going and _STATES.index(self.state) < _STARTING)

    @property
    def answers(self) -> bool:
        """Whether it has traffic: one that is to stop has it no more."""
        return self.state == self.desired == "running"

    @property
    def image(self) -> str:
        return str(self.spec["ContainerSpec"]["Image"])

    def is_made_of(self, template: Spec) -> bool:
        """Whether it runs what a service says; where it may run is another matter."""
        return _told_apart(self.spec) == _told_apart(template)


@dataclass(frozen=True)
class Node:
    """One engine of the Swarm, which is `ready` unless it does not answer the managers.

    A `down` one has been silent for too long. Managers that have just begun, or have another leader
    since, know of no node yet, which passes. Of its `addresses` the Swarm knows one or two.
    `availability` is "active", or why a person lets no new task run there.
    """

    id: str
    name: str
    ready: bool = True
    down: bool = False
    addresses: frozenset[str] = frozenset()
    availability: str = "active"

    @classmethod
    def from_inspection(cls, found: Mapping[str, Any]) -> Self:
        # One that has just joined has not said its name.
        name = (found.get("Description") or {}).get("Hostname") or found["ID"]
        state = found["Status"].get("State")
        manages = (found.get("ManagerStatus") or {}).get("Addr") or ""
        told = {found["Status"].get("Addr"), manages.rpartition(":")[0].strip("[]")}
        # A manager may tell that it listens everywhere.
        addresses = frozenset(filter(None, told)) - {"0.0.0.0", "::"}  # noqa: S104
        said = (found.get("Spec") or {}).get("Availability") or "active"
        return cls(found["ID"], name, state == "ready", state == "down", addresses, said)

    @property
    def takes_tasks(self) -> bool:
        """Whether new ones may run there, as far as a moment tells."""
        return self.availability == "active" and not self.down


def _told_apart(spec: Spec) -> dict[str, Any]:
    # Tasks say no runtime.
    return {key: spec[key] for key in spec if key not in ("Placement", "Runtime")}
