"""A proxy goes to the candidate instead: for a service that must not drop a request.

The edge has the published address and the preview address, and goes by the engine's names. So the
candidate is checked before it has traffic, and a rename gives it the traffic.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_storedog_gate.deploy.docker import journal
from pytest_storedog_gate.deploy.docker.images import fetch, resolve
from pytest_storedog_gate.deploy.docker.strategies import fault_of_becoming_live
from pytest_storedog_gate.deploy.docker.traffic import edge
from pytest_storedog_gate.deploy.docker.traffic.ports import require_free
from pytest_storedog_gate.deploy.references import ImageReference

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_storedog_gate.deploy.docker.engine import Engine
    from pytest_storedog_gate.deploy.docker.names import Names
    from pytest_storedog_gate.deploy.docker.specification import Spec
    from pytest_storedog_gate.deploy.environment import Address, Environment

CANDIDATE_BECOMES_LIVE = True
BEHIND_EDGE = True


def fault(environment: Environment) -> tuple[str, str] | None:
    """See `Strategy`."""
    gated = environment.gated
    if gated is not None and gated.port in (None, edge.PREVIEW, edge.PROOF):
        return "strategy", (
            f"{gated.name} needs a `port` for strategy edge, and neither {edge.PREVIEW} nor "
            f"{edge.PROOF}, which are the edge's own"
        )
    if environment.edge_image is None:
        return "strategy", (
            "edge needs `edge_image`, the image of HAProxy with its tag or digest, as in "
            '"haproxy:2.6"'
        )
    return fault_of_becoming_live(environment)


def prepare(
    engine: Engine,
    environment: Environment,
    names: Names,
    spec: Spec,
    progress: Callable[[str], None],
) -> Spec:
    """See `Prepares`: the edge stands."""
    wanted = _wanted(engine, environment, names)
    for address in _addresses(wanted, environment):
        require_free(engine, address, names.edge, names.live)
    held = wanted.publish is not None and _has_its_own_address(engine, names)
    now = edge.without_address(wanted) if held else wanted
    if not edge.stands(engine, names, now):
        fetch(engine, ImageReference.parse(wanted.image))
        edge.ensure(engine, names, now)
        progress(f"started {names.edge} with {wanted.image}")
    # What is live is reached through the edge alone.
    return replace(spec, publish=None, edge=wanted)


def foresee(engine: Engine, environment: Environment, names: Names) -> Iterator[str]:
    """See `Prepares`."""
    wanted = _wanted(engine, environment, names)
    for address in _addresses(wanted, environment):
        held = require_free(engine, address, names.edge, names.live)
        yield f"publish {address}, {f'now held by {held}' if held else 'which is free'}"
    if not edge.stands(engine, names, wanted):
        yield f"start {names.edge} with {wanted.image}"


def swap(engine: Engine, names: Names, spec: Spec) -> float:
    """See `Strategy`."""
    # Before it has traffic: from then on an engine that starts anew has to start it.
    engine.keep_up(names.candidate)
    leaving, moves = engine.find(names.live), _has_its_own_address(engine, names)
    began = time.monotonic()
    journal.open_deployment(engine, names, spec)
    if moves:
        engine.stop(names.previous)
    engine.rename(names.candidate, names.live)
    if spec.edge is not None:
        edge.ensure(engine, names, spec.edge)
    gap = time.monotonic() - began if moves or leaving is None else 0.0
    edge.hand_over(engine, names, leaving)
    return gap


def _wanted(engine: Engine, environment: Environment, names: Names) -> Spec:
    service = environment.gated
    if service is None or environment.edge_image is None:
        raise ValueError(f"{environment.name} has no edge")
    image = resolve(engine, ImageReference.parse(environment.edge_image))
    return edge.specify(environment, service, names, image)


def _addresses(wanted: Spec, environment: Environment) -> list[Address]:
    return [each for each in (wanted.publish, environment.preview) if each is not None]


def _has_its_own_address(engine: Engine, names: Names) -> bool:
    """Whether what is live was deployed by another strategy, and has the address itself."""
    live = engine.find(names.live)
    return live is not None and bool(live.wanted)
