"""Stop the old, start the new in its place: for a service with a published address.

An engine cannot move a published port, so the candidate only proves that the image works; it costs
about a second without an answer, and the service's boot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_storedog_gate.deploy.docker import journal, readiness
from pytest_storedog_gate.deploy.docker import names as labels
from pytest_storedog_gate.deploy.docker.images import declared_volumes

if TYPE_CHECKING:
    from pytest_storedog_gate.deploy.docker.engine import Engine
    from pytest_storedog_gate.deploy.docker.names import Names
    from pytest_storedog_gate.deploy.docker.specification import Spec
    from pytest_storedog_gate.deploy.environment import Environment

CANDIDATE_BECOMES_LIVE = False


def fault(_environment: Environment) -> None:
    """See `Strategy`; every environment can be deployed to so."""


def swap(engine: Engine, names: Names, spec: Spec) -> float:
    """See `Strategy`; works without a candidate too."""
    engine.remove(names.candidate)
    journal.open_deployment(engine, names, spec)
    previous = engine.get(names.previous)
    # What it has in volumes that only its image asked for, is handed on.
    spec = spec.with_volumes_of(previous, declared_volumes(engine, spec.image))
    live = engine.create(names.live, spec)
    # From here to the start nobody answers, and a run that is killed leaves it so.
    unanswered = readiness.LastAnswer(engine, previous)
    if labels.ABSENT not in previous.labels:
        with unanswered:
            # Until the new one answers, an engine that starts anew brings it back.
            engine.stop(previous.id, then="always")
    engine.start(live)
    answered = readiness.first_answer(engine, live, names.live)
    engine.keep_up(live)
    engine.set_restart_policy(previous.id, "no")
    return answered - unanswered.at
