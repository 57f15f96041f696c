"""Which Deployment of which cluster an environment is; reading it needs no client."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Target:
    """The Deployment, the Service that is proved, and how the cluster is reached.

    `containers` are those whose image the gate changes; where none are named it is the one that
    has the name of the service under the gate, else the only one. None for `kubeconfig`, `context`
    and `namespace` is what kubectl would take. `timeout` is how many seconds a rollout may take.
    """

    deployment: str
    service: str
    containers: tuple[str, ...] = ()
    kubeconfig: Path | None = None
    context: str | None = None
    namespace: str | None = None
    timeout: float = 300.0

    @property
    def place(self) -> tuple[object, ...]:
        """What it is, however it is proved: two targets are not one Deployment."""
        return (self.kubeconfig, self.context, self.namespace, self.deployment)

    @property
    def lease(self) -> str:
        """The lock, and the history; of the Deployment, whichever environment names it."""
        return f"{self.deployment}.storedog-gate"

    @property
    def candidate(self) -> str:
        """The Deployment that stands for the checks before traffic."""
        return f"{self.deployment}-preview"

    @property
    def candidate_service(self) -> str:
        """The Service of the candidate."""
        return f"{self.service}-preview"
