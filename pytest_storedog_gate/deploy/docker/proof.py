"""Proof that what answers is what was deployed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_storedog_gate.deploy.docker import names as labels
from pytest_storedog_gate.deploy.docker import readiness
from pytest_storedog_gate.deploy.docker.traffic import edge
from pytest_storedog_gate.errors import DeploymentFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_storedog_gate.deploy import Deployment
    from pytest_storedog_gate.deploy.docker.container import Container
    from pytest_storedog_gate.deploy.docker.engine import Engine
    from pytest_storedog_gate.deploy.docker.names import Names
    from pytest_storedog_gate.deploy.environment import Address


def prove_deployed(
    engine: Engine,
    names: Names,
    deployment: Deployment,
    started: Container,
    published: Address | None,
) -> None:
    """The deployment's container is live, as it was `started`; the image is asked for anew."""
    image = engine.image(deployment.image.pinned)
    if image is None:
        raise DeploymentFailed(f"{deployment.image.pinned} is gone from the engine")
    expected = {
        **_seen(started),
        "status": "running",
        "restarts": "0",
        "image": image["Id"],
        "image reference": deployment.image.pinned,
        "digest label": deployment.image.digest or "",
        "deploy-id label": deployment.deploy_id,
    }
    _prove(engine, names, expected, published)


def prove_staged(engine: Engine, names: Names, started: Container, preview: Address | None) -> None:
    """The candidate is there as it was `started`, and it is what answers at the preview address."""
    seen = engine.get(names.candidate)
    wrong = _differences(_seen(started), _seen(seen))
    if preview is not None:
        door = engine.get(names.edge)
        wrong += edge.preview_astray(engine, door, seen)
    if wrong:
        raise DeploymentFailed(f"{names.candidate} is not what was started: {'; '.join(wrong)}")


def require_no_impostor(engine: Engine, names: Names) -> None:
    """Nothing but what is live answers in its place, before anything takes that."""
    live = engine.find(names.live)
    if live is None:
        return
    ours = (names.edge, names.previous, names.candidate)
    if wrong := _impostors(engine, live, *ours):
        raise DeploymentFailed(
            f"{'; '.join(wrong)}: stop it, or take that name from it; else nobody can say who "
            "answers"
        )


def prove_put_back(engine: Engine, names: Names, previous: Container) -> None:
    """What was live before the deployment is live again, be it nothing."""
    if labels.ABSENT not in previous.labels:
        expected = {**_seen(previous), "status": "running"}
        del expected["start"], expected["restarts"]
        _prove(engine, names, expected, next(iter(previous.wanted), None))
    elif engine.find(names.live) is not None:
        raise DeploymentFailed(f"{names.live} is still there, and nothing was before")


def _prove(
    engine: Engine, names: Names, expected: Mapping[str, str], published: Address | None
) -> None:
    """The live container is ready and the expected one, and nothing else answers in its place."""
    live = readiness.wait(engine, names.live, names.live)
    wrong = _differences(expected, _seen(live))
    door = engine.find(names.edge)
    if published is not None and not (door or live).has(published):
        wrong.append(f"{published} is not bound to {door.name if door else 'it'}")
    if door is not None:
        wrong += edge.astray(engine, door, live)
    wrong += _impostors(engine, live)
    if wrong:
        raise DeploymentFailed(f"{names.live} is not what was deployed: {'; '.join(wrong)}")


def _seen(container: Container) -> dict[str, str]:
    """What makes a running container the expected one, by the words of an error's text."""
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


def _differences(expected: Mapping[str, str], seen: Mapping[str, str]) -> list[str]:
    return [
        f"{what}: expected {value}, found {seen[what]}"
        for what, value in expected.items()
        if seen[what] != value
    ]


def _impostors(engine: Engine, live: Container, *ours: str) -> list[str]:
    return [
        f"{other.name} answers to {', '.join(sorted(shared))} too"
        for network, answers in live.answers_to.items()
        for other in engine.running_in(network)
        if other.id != live.id
        and other.name not in ours
        and (shared := answers & other.answers_to.get(network, frozenset()))
    ]
