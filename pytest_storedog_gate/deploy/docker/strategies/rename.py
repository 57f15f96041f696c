"""Rename the candidate to live: for a service that is reached by its name in the network.

The engine's DNS follows a rename, so the gap is what lies between two renames.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from pytest_storedog_gate.deploy.docker import journal
from pytest_storedog_gate.deploy.docker.strategies import fault_of_becoming_live

if TYPE_CHECKING:
    from pytest_storedog_gate.deploy.docker.engine import Engine
    from pytest_storedog_gate.deploy.docker.names import Names
    from pytest_storedog_gate.deploy.docker.specification import Spec
    from pytest_storedog_gate.deploy.environment import Environment

CANDIDATE_BECOMES_LIVE = True


def fault(environment: Environment) -> tuple[str, str] | None:
    if environment.gate not in environment.publish:
        return fault_of_becoming_live(environment)
    return "publish", (
        f"{environment.gate} is under the gate and cannot be published with strategy rename: "
        "an engine cannot move a published port; use strategy recreate"
    )


def swap(engine: Engine, names: Names, spec: Spec) -> float:
    # Before it has traffic: from then on an engine that starts anew has to start it.
    engine.keep_up(names.candidate)
    began = time.monotonic()
    journal.open_deployment(engine, names, spec)
    engine.rename(names.candidate, names.live)
    return time.monotonic() - began
