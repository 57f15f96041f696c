"""Names and labels: where a deployment's state lives.

The journal is the name `<environment>-<service>.prev`: it exists exactly while a deployment has not
been concluded.
"""

from __future__ import annotations

from dataclasses import dataclass

SERVICE = "storedog.gate.service"
ENVIRONMENT = "storedog.gate.env"
DIGEST = "storedog.gate.digest"
DEPLOY_ID = "storedog.gate.deploy-id"
COMMIT = "storedog.gate.commit"
BUILD = "storedog.gate.build"
BUILD_LINK = "storedog.gate.build-link"
ROLE_AT_CREATE = "storedog.gate.role-at-create"
SPEC = "storedog.gate.spec"
READINESS = "storedog.gate.readiness"
ABSENT = "storedog.gate.absent"
DRAIN = "storedog.gate.drain"
LOCK_HOLDER = "storedog.gate.lock-holder"
DATADOG = "com.datadoghq.tags."


@dataclass(frozen=True)
class Names:
    """The container names of one service in one environment."""

    environment: str
    service: str

    @property
    def live(self) -> str:
        return f"{self.environment}-{self.service}"

    @property
    def candidate(self) -> str:
        return f"{self.live}.next"

    @property
    def previous(self) -> str:
        return f"{self.live}.prev"

    @property
    def lock(self) -> str:
        return f"{self.live}.lock"

    @property
    def edge(self) -> str:
        return f"{self.live}.edge"

    @property
    def spare_edge(self) -> str:
        """One that is about to be the edge."""
        return f"{self.edge}.next"
