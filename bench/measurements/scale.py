"""A thousand pipelines an hour and one Datadog organisation: what breaks first.

Simulated by events (bench/simulated): nothing is sent, and the gate's own code says when a run
looks, how long it waits after a 429, and how it reads its definitions. The same seed gives the same
figures. A test takes 2 to 8 s, a call 0.2 s. Time to verdict is from the reading of the checks to
the last result; waiting for parallelism is until the last test of a pipeline has begun.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from bench.rounds import Case
from bench.simulated.organisation import Limits
from bench.simulated.pipelines import Load, Way, simulated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.rounds import Figures

_OURS, _FILES = "gate", "definitions in files"
# Pulls in six hours, of an address without a login and of a personal account; paid ones have no
# such limit: https://docs.docker.com/docker-hub/usage/
_DOCKER_HUB = {"without a login": 100, "with a personal account": 200}
# Requests that an API server works on at once (--max-requests-inflight and its mutating twin):
# https://kubernetes.io/docs/concepts/cluster-administration/flow-control/
_SEATS = 400 + 200
# Of one deployment, and how long one takes (s): guesses, on the safe side.
_REQUESTS, _REQUEST = 300, 0.02


def cases(*, quick: bool) -> Iterator[Case]:
    """By load, by parallelism, by the limit on calls, all at once; and what is beside Datadog."""
    enough = Limits(parallel=1000)
    for pipelines in (10, 100) if quick else (10, 100, 1000):
        for checks in (1, 10) if quick else (1, 10, 100):
            load = Load(pipelines, checks)
            name = f"{pipelines:,} pipelines an hour, checks: {checks}"
            others = {"one by one": Way(batch=False), _FILES: Way(files=True)}
            yield _case(name, load, enough, others)
    if quick:
        return
    for pipelines in (100, 1000):
        for parallel in (1, 10, 20, 100):
            name = f"{pipelines:,} pipelines an hour, checks: 10, in parallel: {parallel}"
            yield _case(name, Load(pipelines, 10), Limits(parallel=parallel))
    for calls in (60, 120, 300, 1000):
        limits = Limits(calls, parallel=1000)
        name = f"1,000 pipelines an hour, checks: 10, calls a minute: {calls:,}"
        yield _case(name, Load(1000, 10), limits, {_FILES: Way(files=True)})
    for pipelines in (100, 300, 1000):
        load = Load(pipelines, 10, together=True)
        name = f"{pipelines:,} within a second, checks: 10"
        others = {"without jitter": Way(jitter=False), _FILES: Way(files=True)}
        yield _case(name, load, Limits(parallel=5000), others)
    yield Case("1,000 pipelines an hour, beside Datadog", {_OURS: _beside}, rounds=1)


def _case(
    name: str,
    load: Load,
    limits: Limits,
    others: dict[str, Way] | None = None,
) -> Case:
    peers = {_OURS: Way(), **(others or {})}
    runs = {who: partial(_figures, load, limits, way) for who, way in peers.items()}
    return Case(name, runs, rounds=1)


def _figures(load: Load, limits: Limits, way: Way) -> Figures:
    return simulated(load, limits, way).figures()


def _beside() -> Figures:
    """What a registry and an API server are asked for, by arithmetic: each pipeline pulls once."""
    pipelines = 1000
    let_through = {
        f"pipelines an hour that Docker Hub lets pull {who}": pulls / 6
        for who, pulls in _DOCKER_HUB.items()
    }
    busy = pipelines / 3600 * _REQUESTS * _REQUEST
    return {**let_through, f"seats of an API server in use, of {_SEATS}": busy}
