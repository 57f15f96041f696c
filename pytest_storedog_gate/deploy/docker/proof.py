"""Proof that what answers is what was deployed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_storedog_gate.deploy.docker import journal, readiness
from pytest_storedog_gate.deploy.docker import names as labels
from pytest_storedog_gate.deploy.environment import Address
from pytest_storedog_gate.errors import DeploymentFailed

if TYPE_CHECKING:
    from pytest_storedog_gate.deploy.docker.container import Container
    from pytest_storedog_gate.deploy.docker.engine import Engine
    from pytest_storedog_gate.deploy.docker.names import Names
    from pytest_storedog_gate.deploy.models import Deployment


@dataclass(frozen=True)
class Identity:
    """All that makes a running container the expected one, by the words of an error's text."""

    facts: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, engine: Engine, deployment: Deployment, started: Container) -> Identity:
        """What the deployment's container, as it was `started`, has to be still.

        The image is asked from the engine anew.
        """
        image = engine.image(deployment.image.pinned)
        if image is None:
            raise DeploymentFailed(f"{deployment.image.pinned} is gone from the engine")
        return cls(
            (
                ("container", started.id),
                ("status", "running"),
                ("start", started.started_at),
                ("restarts", "0"),
                ("image", image["Id"]),
                ("image reference", deployment.image.pinned),
                ("digest label", deployment.image.digest or ""),
                ("deploy-id label", deployment.deploy_id),
            )
        )

    @classmethod
    def put_back(cls, previous: Container) -> Identity:
        """What a previous container has to be once it is live again."""
        kept = ("container", "image", "image reference", "digest label", "deploy-id label")
        seen = _seen(previous)
        return cls((*((what, seen[what]) for what in kept), ("status", "running")))

    def differences(self, container: Container) -> list[str]:
        """Expected and actual, for each fact that differs."""
        seen = _seen(container)
        return [
            f"{what}: expected {expected}, found {seen[what]}"
            for what, expected in self.facts
            if seen[what] != expected
        ]


def prove(engine: Engine, names: Names, expected: Identity, published: Address | None) -> None:
    """The live container is ready and the expected one, and nothing else answers in its place."""
    live = readiness.wait(engine, names.live, names.live)
    wrong = expected.differences(live)
    if published is not None:
        address = Address(published.host.strip("[]"), published.port)
        if not any(address in found for found in live.bindings.values()):
            wrong.append(f"{published} is not bound to it")
    wrong += _impostors(engine, live)
    if wrong:
        raise DeploymentFailed(f"{names.live} is not what was deployed: {'; '.join(wrong)}")


def prove_put_back(engine: Engine, names: Names, previous: Container) -> None:
    """What was live before the deployment is live again, be it nothing."""
    if not journal.is_placeholder(previous):
        prove(engine, names, Identity.put_back(previous), next(iter(previous.wanted), None))
    elif engine.find(names.live) is not None:
        raise DeploymentFailed(f"{names.live} is still there, and nothing was before")


def _seen(container: Container) -> dict[str, str]:
    return {
        "container": container.id,
        "status": container.status,
        "start": container.started_at,
        "restarts": str(container.restarts),
        "image": container.image_id,
        "image reference": container.image,
        "digest label": container.labels.get(labels.DIGEST, ""),
        "deploy-id label": container.labels.get(labels.DEPLOY_ID, ""),
    }


def _impostors(engine: Engine, live: Container) -> list[str]:
    return [
        f"{other.name} answers to {', '.join(sorted(shared))} too"
        for network, answers in live.answers_to.items()
        for other in engine.running_in(network)
        if other.id != live.id and (shared := answers & other.answers_to.get(network, frozenset()))
    ]
