"""The edge: HAProxy in a container of its own, which has the addresses of the service it is before.

It goes where the engine's names say (see `edge.cfg`), and so a rename is the switch. What it holds
is in the settings of its container: it starts again by itself and goes to the right one.
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_storedog_gate.deploy.docker import names as labels
from pytest_storedog_gate.deploy.docker import readiness
from pytest_storedog_gate.deploy.docker.specification import Spec
from pytest_storedog_gate.deploy.runtime import Runtime
from pytest_storedog_gate.errors import DeploymentFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_storedog_gate.deploy import ImageReference
    from pytest_storedog_gate.deploy.docker.container import Container
    from pytest_storedog_gate.deploy.docker.engine import Engine
    from pytest_storedog_gate.deploy.docker.names import Names
    from pytest_storedog_gate.deploy.environment import Environment, Service

PREVIEW, PROOF = 64001, 64002
"""Ports of its container, beside the service's own."""
_CONFIGURATION = Path(__file__).with_name("edge.cfg")
_VARIABLE = "STOREDOG_EDGE"
_ENTRYPOINT = (
    *("sh", "-c"),
    f'printf "%s\\n" "${_VARIABLE}" > /tmp/edge.cfg && exec haproxy -db -f /tmp/edge.cfg',
)
_ANSWERED_BY = "storedog-answered-by"
_PATIENCE = 10.0  # s; it takes a fifth of a second
_INTERVAL = 0.05
_PROBE = 5.0


def specify(
    environment: Environment, service: Service, names: Names, image: ImageReference
) -> Spec:
    """The container of the edge before a service."""
    if service.port is None:
        raise ValueError(f"{service.name} has no port")
    text = _CONFIGURATION.read_text("ascii")
    for word, value in {
        "LIVE": names.live,
        "PORT": service.port,
        "PREVIEW": PREVIEW,
        "PROOF": PROOF,
    }.items():
        text = text.replace(f"@{word}@", str(value))
    spec = Spec(
        image=image.pinned,
        network=environment.network,
        labels={
            **labels.owner(environment),
            labels.DIGEST: image.digest or "",
            labels.ROLE_AT_CREATE: "edge",
            labels.DRAIN: str(environment.drain),
        },
        aliases=(service.name,),
        environment={_VARIABLE: text},
        port=service.port,
        publish=environment.publish.get(service.name),
        beside={PREVIEW: environment.preview, PROOF: None},
        runtime=Runtime(entrypoint=_ENTRYPOINT),
    )
    return _marked(spec)


def without_address(spec: Spec) -> Spec:
    """The same while something else has the published address still."""
    return _marked(replace(spec, publish=None))


def stands(engine: Engine, names: Names, spec: Spec) -> bool:
    """Whether it runs as it is to be."""
    found = engine.find(names.edge)
    wanted = spec.labels[labels.SPEC]
    return found is not None and found.running and found.labels.get(labels.SPEC) == wanted


def ensure(engine: Engine, names: Names, spec: Spec) -> None:
    """Starts it, in the place of one that is not as it is to be, and waits until it listens.

    The old one goes when the new one has been tried without its addresses, and is there: `revive`
    can finish this.
    """
    if stands(engine, names, spec):
        return
    engine.remove(names.spare_edge)
    if engine.find(names.edge) is not None:
        tried = replace(spec, publish=None, beside=dict.fromkeys(spec.beside), aliases=())
        try:
            engine.start(engine.create(names.spare_edge, tried))
            _listens(engine, names.spare_edge)
        finally:
            engine.remove(names.spare_edge)
    spare = engine.create(names.spare_edge, spec)
    engine.set_restart_policy(spare, "unless-stopped")
    engine.remove(names.edge)
    engine.rename(spare, names.edge)
    engine.start(spare)
    _listens(engine, names.edge)


def revive(engine: Engine, names: Names) -> None:
    """Starts one that does not run, and finishes what `ensure` has begun.

    It was stopped by somebody, or is what a run that was killed has left.
    """
    spare = engine.find(names.spare_edge)
    found = engine.find(names.edge)
    if spare is not None:
        if found is None:
            engine.rename(spare.id, names.edge)
            found = spare
        else:
            engine.remove(spare.id)
    if found is not None:
        engine.start(found.id)


def hand_over(engine: Engine, names: Names, leaving: Container | None) -> None:
    """Waits until it goes to what is live, and until `leaving` has answered all that it got.

    What is under way has as long as the environment says. Does nothing where there is no edge.
    """
    edge = engine.find(names.edge)
    if edge is None:
        return
    live = engine.get(names.live)
    _until(
        lambda: not astray(engine, edge, live),
        lambda: "; ".join(astray(engine, edge, live)),
    )
    if leaving is not None:
        deadline = time.monotonic() + float(edge.labels[labels.DRAIN])
        gone = frozenset(leaving.addresses.values())
        while _under_way(engine, edge) & gone and time.monotonic() < deadline:
            time.sleep(_INTERVAL)


def astray(engine: Engine, edge: Container, live: Container) -> list[str]:
    """Why it cannot be said that the edge goes to what is live; nothing where all is well."""
    return _elsewhere(engine, edge, live, PROOF)


def preview_astray(engine: Engine, edge: Container, candidate: Container) -> list[str]:
    """The same of the preview, and the candidate."""
    return _elsewhere(engine, edge, candidate, PREVIEW)


def answered_by(engine: Engine, edge: Container, port: int, path: str) -> str | None:
    """The address of the container that answers through a port of the edge.

    "-" where the edge answers by itself, None where nothing does.
    """
    address = readiness.reach(engine, edge, port)
    if address is None:
        return None
    import requests  # noqa: PLC0415  # reading a configuration asks a strategy, and needs none

    with requests.Session() as session:
        session.trust_env = False
        try:
            answer = session.get(f"http://{address}{path}", timeout=_PROBE, allow_redirects=False)
        except requests.RequestException:
            return None
    return answer.headers.get(_ANSWERED_BY, "-")


def _under_way(engine: Engine, edge: Container) -> frozenset[str]:
    try:
        return engine.connected_to(edge.id)
    except DeploymentFailed:  # it starts anew, and has lost its connections
        return frozenset()


def _listens(engine: Engine, name: str) -> None:
    _until(
        lambda: answered_by(engine, engine.get(name), PROOF, "/") is not None,
        lambda: f"{name} does not listen; it wrote {engine.logs(name) or 'nothing'}",
    )


def _elsewhere(engine: Engine, edge: Container, wanted: Container, port: int) -> list[str]:
    found = answered_by(engine, edge, port, readiness.path(wanted))
    if found in wanted.addresses.values():
        return []
    answers = {None: "does not answer", "-": "has nobody to go to"}.get(found, f"goes to {found}")
    return [f"{edge.name} {answers}, and {wanted.name} is at {_where(wanted)}"]


def _where(container: Container) -> str:
    return ", ".join(container.addresses.values()) or "no address"


def _until(reached: Callable[[], bool], why_not: Callable[[], str]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not reached():
        if time.monotonic() > deadline:
            raise DeploymentFailed(f"{why_not()}, after {_PATIENCE:g} s")
        time.sleep(_INTERVAL)


def _marked(spec: Spec) -> Spec:
    """With a digest of all that makes two of them differ."""
    ports = {port: str(address) for port, address in spec.ports.items()}
    facts = [spec.image, spec.network, spec.aliases, dict(spec.environment), ports]
    text = json.dumps([*facts, spec.labels[labels.DRAIN]], sort_keys=True)
    mark = hashlib.sha256(text.encode()).hexdigest()
    return replace(spec, labels={**spec.labels, labels.SPEC: mark})
