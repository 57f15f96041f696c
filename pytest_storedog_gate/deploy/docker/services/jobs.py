"""What runs once before a version of a service starts, such as a migration of its database.

It runs when what the service needs stands, and before the candidate is created: the version that is
to be proved then finds all as it expects it, and what is live has not been touched. A run that is
killed leaves the container, under its own name; the next one takes it away before anything else.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from pytest_storedog_gate.deploy.docker.images import fetch, resolve
from pytest_storedog_gate.deploy.references import ImageReference
from pytest_storedog_gate.errors import DeploymentFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_storedog_gate.deploy.docker.container import Container
    from pytest_storedog_gate.deploy.docker.engine import Engine
    from pytest_storedog_gate.deploy.docker.names import Names
    from pytest_storedog_gate.deploy.docker.specification import Spec
    from pytest_storedog_gate.deploy.environment import Service
    from pytest_storedog_gate.deploy.runtime import Job

_INTERVAL = 0.2  # s
_STAYS = "what the job has done by then stays done"


def run(
    engine: Engine, names: Names, service: Service, spec: Spec, progress: Callable[[str], None]
) -> dict[str, str]:
    """Runs the service's job, if it has one, for a version of it; its last lines, by its name.

    Raises `DeploymentFailed` where it does not end well in its time.
    """
    job = service.before_swap
    if job is None:
        return {}
    image = spec.image
    if job.image is not None:
        other = resolve(engine, ImageReference.parse(job.image))
        fetch(engine, other)
        image = other.pinned
    began = time.monotonic()
    made = engine.create(names.job, spec.job(job, image))
    try:
        engine.start(made)
        ended = _ended(engine, made, job, began)
        lines = engine.logs(made)
        if not ended.has_ended:
            engine.stop(made)
    finally:
        # By its ID: where the lock was lost another run's may have the name.
        engine.remove(made)
    if trouble := _trouble(ended, job):
        wrote = "\n    ".join(["last:", *lines.splitlines()]) if lines else "nothing"
        raise DeploymentFailed(
            f"{names.job} {trouble}. {names.live} was not touched; {_STAYS}. It wrote {wrote}"
        )
    progress(f"{names.job} ended well after {time.monotonic() - began:.1f} s")
    return {names.job: lines}


def _ended(engine: Engine, made: str, job: Job, began: float) -> Container:
    """The container when it has ended, or has had its time."""
    while True:
        found = engine.get(made)
        late = time.monotonic() - began > job.timeout
        if late or found.has_ended:
            return found
        time.sleep(_INTERVAL)


def _trouble(found: Container, job: Job) -> str | None:
    if not found.has_ended:
        return f"did not end within {job.timeout:g} s, and was stopped"
    if found.exit_code != 0:
        return f"ended with exit status {found.exit_code}"
    return None
