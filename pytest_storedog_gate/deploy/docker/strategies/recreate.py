"""Stop the old, start the new in its place: for a service with a published address.

An engine cannot move a published port, so the candidate only proves that the image works; it costs
about a second without an answer, and the service's boot.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from pytest_storedog_gate.deploy.docker import journal, readiness
from pytest_storedog_gate.deploy.docker.images import declared_volumes

if TYPE_CHECKING:
    from pytest_storedog_gate.deploy.docker.engine import Engine
    from pytest_storedog_gate.deploy.docker.names import Names
    from pytest_storedog_gate.deploy.docker.specification import Spec
    from pytest_storedog_gate.deploy.environment import Environment


def fault(_environment: Environment) -> None:
    """See `Strategy`; every environment can be deployed to so."""


def swap(engine: Engine, names: Names, spec: Spec) -> float:
    """See `Strategy`; works without a candidate too."""
    engine.remove(names.candidate)
    journal.open_deployment(engine, names, spec)
    began = time.monotonic()
    engine.stop(names.previous)
    live = engine.create(names.live, _with_its_data(engine, names, spec))
    engine.start(live)
    readiness.wait(engine, live, names.live)
    downtime = time.monotonic() - began
    engine.set_restart_policy(live, "unless-stopped")
    return downtime


def _with_its_data(engine: Engine, names: Names, spec: Spec) -> Spec:
    """What the previous one has in volumes that only its image asked for, is handed on."""
    previous = engine.get(names.previous)
    return spec.with_volumes_of(previous, declared_volumes(engine, spec.image))
