"""Names and labels: where a deployment's state lives.

The journal is the live name with `.prev`: it exists exactly while a deployment has not been
concluded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_storedog_gate.deploy.environment import Environment

PREFIX = "storedog.gate."
PROJECT = "storedog.gate.project"
SERVICE = "storedog.gate.service"
ENVIRONMENT = "storedog.gate.env"
DIGEST = "storedog.gate.digest"
DEPLOY_ID = "storedog.gate.deploy-id"
COMMIT = "storedog.gate.commit"
BUILD = "storedog.gate.build"
BUILD_LINK = "storedog.gate.build-link"
COMMITS_BEFORE = "storedog.gate.commits-before"
ROLE_AT_CREATE = "storedog.gate.role-at-create"
SPEC = "storedog.gate.spec"
RESTART = "storedog.gate.restart"
READINESS = "storedog.gate.readiness"
ABSENT = "storedog.gate.absent"
DRAIN = "storedog.gate.drain"
PREVIOUS = "storedog.gate.previous"
LOCK_HOLDER = "storedog.gate.lock-holder"
HISTORY = "storedog.gate.history"
KEPT = "storedog.gate.kept"
AGREED = "storedog.gate.agreed"
DATADOG = "com.datadoghq.tags."
UNSAID = dict.fromkeys(
    (PROJECT, DEPLOY_ID, COMMITS_BEFORE, ROLE_AT_CREATE, SPEC, RESTART, READINESS, ABSENT, DRAIN),
    "",
)
"""What a container says where it says no more, and so nothing: else the labels of its image would
be taken for the gate's, such as those that `docker commit` makes of a deployed container's."""


@dataclass(frozen=True)
class Names:
    """The container names of one service in one environment, of a project where it has one."""

    environment: str
    service: str
    project: str = ""

    @classmethod
    def of(cls, environment: Environment, service: str) -> Names:
        return cls(environment.name, service, environment.project)

    @property
    def live(self) -> str:
        return inside(self.project, self.environment, self.service)

    @property
    def candidate(self) -> str:
        return f"{self.live}.next"

    @property
    def previous(self) -> str:
        return f"{self.live}.prev"

    @property
    def job(self) -> str:
        """What runs before a version starts; see `jobs`."""
        return f"{self.live}.job"

    @property
    def witness(self) -> str:
        """A volume; see `journal`."""
        return f"{self.live}.open"

    @property
    def agreement(self) -> str:
        """A volume; see `journal.agreeing`."""
        return f"{self.live}.agreed"

    @property
    def history(self) -> str:
        """What volumes begin with; see `journal.remembering`."""
        return f"{self.live}.history."

    @property
    def lock(self) -> str:
        """The environment's, whichever service is under the gate."""
        where = f"{self.project}.{self.environment}" if self.project else self.environment
        return f"{where}.lock"

    @property
    def edge(self) -> str:
        return f"{self.live}.edge"

    @property
    def spare_edge(self) -> str:
        """One that is about to be the edge."""
        return f"{self.edge}.next"


def inside(project: str, environment: str, name: str) -> str:
    """What the engine calls a service or a volume of an environment.

    No name has a dot in it, so that those with a project are of one environment alone. Without one
    `a-x-app` may be app of a-x or x-app of a, and the labels tell which.
    """
    return f"{project}.{environment}.{name}" if project else f"{environment}-{name}"


def owner(environment: Environment) -> dict[str, str]:
    """The labels that say whose a container, a network or a volume is."""
    project = {PROJECT: environment.project} if environment.project else {}
    return {**project, ENVIRONMENT: environment.name}


def told(labels: Mapping[str, str]) -> str:
    """Whose it is by its labels, for people."""
    known = {"service": SERVICE, "environment": ENVIRONMENT, "project": PROJECT}
    parts = [f"{what} {labels[label]}" for what, label in known.items() if labels.get(label)]
    return ", ".join(parts) or "nobody that the gate knows"
