"""What a run would do, in words; nothing is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import names, ports, services
from .images import resolve
from .names import Names
from .references import ImageReference, short

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_storedog_gate.configuration import Environment

    from .engine import Engine


def describe(engine: Engine, environment: Environment, reference: ImageReference) -> Iterator[str]:
    """The steps of a run, a line each; raises what the run would raise."""
    gated = Names(environment.name, environment.gate or "")
    image = resolve(engine, reference)
    here = engine.image(image.pinned) is not None
    yield f"resolve {reference} to {image.digest}"
    yield f"pull {image.pinned}" + (", which the engine has" if here else "")
    yield f"take the lock {gated.lock}"
    for service in environment.services:
        yield from _recovery(engine, Names(environment.name, service.name))
    if not engine.has_network(environment.network):
        yield f"create the network {environment.network}"
    for standing in services.survey(engine, environment):
        yield _service(engine, environment, standing)
    published = environment.publish.get(gated.service)
    if published is not None:
        held = ports.require_free(engine, published, holder=gated.live)
        yield f"publish {published}, {f'now held by {held}' if held else 'which is free'}"
    live = engine.find(gated.live)
    now = short(live.labels.get(names.DIGEST)) if live else "nothing"
    yield f"start {gated.candidate} and wait until it is ready"
    yield f"make it {gated.live} by strategy {environment.strategy}, in place of {now}"


def _recovery(engine: Engine, where: Names) -> Iterator[str]:
    if engine.find(where.previous) is not None:
        yield f"put {where.previous} back: the last deployment was not concluded"
    elif engine.find(where.candidate) is not None:
        yield f"remove {where.candidate}, a candidate that never had traffic"


def _service(engine: Engine, environment: Environment, standing: services.Standing) -> str:
    if standing.outdated is None:
        return f"leave {standing.names.live} alone: {standing.image} runs"
    published = environment.publish.get(standing.service.name)
    if published is not None:
        ports.require_free(engine, published, holder=standing.names.live)
    return f"start {standing.names.live} with {standing.image}: {standing.outdated}"
