"""One environment at several targets, such as two engines: all of them get a digest, or none does.

Each target has a deployer of its own, of whatever platform, and this one is made of them. All
candidates stand before the first one has traffic, and all deployments stay open until the last one
is proved. Then each target notes the deploy IDs of all, and only then is the first one concluded.
The first note is the decision: what a run that was killed has left goes forward where a target
still knows that all have agreed, and back everywhere else. See `agreement`.
"""

from __future__ import annotations

import threading
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from pytest_storedog_gate.deploy import Watches
from pytest_storedog_gate.deploy.several.deployer import TargetsDeployer, WatchingTargets
from pytest_storedog_gate.deploy.several.naming import named

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from pytest_storedog_gate.deploy import Deployer
    from pytest_storedog_gate.deploy.environment import Environment


@contextmanager
def connected(
    environment: Environment,
    reach: Callable[..., AbstractContextManager[Deployer]],
    progress: Callable[[str], None],
) -> Iterator[TargetsDeployer]:
    """Reaches all targets; the error of one that does not answer names it.

    `reach` is the deployer's hook without `environment` and `progress`, of which each target gets
    its own: its lines begin with its name.
    """
    speaking = threading.Lock()

    def say(target: str, line: str) -> None:
        with speaking:
            progress(f"{target}: {line}")

    with ExitStack() as reached:
        deployers: dict[str, Deployer] = {}
        for target, own in _with_jobs(environment):
            with named(target):
                deployers[target] = reached.enter_context(
                    reach(environment=own, progress=partial(say, target))
                )
        watching = all(isinstance(each, Watches) for each in deployers.values())
        kind = WatchingTargets if watching else TargetsDeployer
        yield kind(environment.name, deployers)


def _with_jobs(environment: Environment) -> Iterator[tuple[str, Environment]]:
    """Each target; of the job of the service under the gate there is one in all, if not told so."""
    for number, (target, own) in enumerate(environment.each.items()):
        services = own.services
        if number and environment.jobs == "first":
            services = tuple(
                replace(each, before_swap=None) if each.name == own.gate else each
                for each in services
            )
        yield target, replace(own, services=services)
