"""Looking at what has the traffic, once it is promoted: restarts, health and readiness.

An engine's event only says when to look: what is true is asked for, and what the engine counts
tells of a restart that nobody has seen.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from pytest_storedog_gate.deploy.docker import readiness, strategies
from pytest_storedog_gate.deploy.docker.names import Names
from pytest_storedog_gate.errors import DeploymentFailed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_storedog_gate.deploy.docker.container import Container
    from pytest_storedog_gate.deploy.docker.engine import Engine
    from pytest_storedog_gate.deploy.environment import Environment
    from pytest_storedog_gate.errors import GateError

_INTERVAL = 1.0  # s between two looks, where nothing happens
_IN_A_ROW = 3  # answers that are not good; one can be lost on a busy machine


def looks(engine: Engine, environment: Environment) -> Iterator[Mapping[str, GateError | None]]:
    """See `Watches`."""
    with closing(engine.another()) as own:
        behind = strategies.behind_edge(environment)
        services = [
            _Service(own, Names.of(environment, each.name), behind_edge=each.name == behind)
            for each in environment.services
        ]
        while True:
            seen = {each.names.service: (each.look(), each.waits) for each in services}
            yield {name: error for name, (error, waits) in seen.items() if error or not waits}
            own.await_event([name for each in services for name in each.containers], _INTERVAL)


class _Service:
    """One service, as it was at the first look, and the proxy in front of it, where there is one.

    A service was live and ready at the first look, or that says why it was not. While it `waits`
    for a better answer than its last one, no look says that all is well.
    """

    def __init__(self, engine: Engine, names: Names, *, behind_edge: bool) -> None:
        self.names = names
        self._engine, self._behind_edge = engine, behind_edge
        self._first: dict[str, Container] = {}
        self._bad = 0

    @property
    def waits(self) -> bool:
        return self._bad > 0

    @property
    def containers(self) -> tuple[str, str]:
        return self.names.live, self.names.edge

    def look(self) -> GateError | None:
        """What is wrong with it now."""
        try:
            if not self._first:
                self._first = {self.names.live: self._ready()}
                look_up = self._engine.get if self._behind_edge else self._engine.find
                if (door := look_up(self.names.edge)) is not None:
                    self._first[door.name] = door
            for name, first in self._first.items():
                self._compare(name, first)
            self._ask()
        except DeploymentFailed as error:
            return error
        return None

    def _ready(self) -> Container:
        return readiness.wait(self._engine, self.names.live, self.names.live)

    def _compare(self, name: str, first: Container) -> None:
        found = self._engine.get(name)
        if (trouble := _trouble(found, first)) is not None:
            wrote = readiness.wrote(self._engine, found.id)
            raise DeploymentFailed(f"{name} {trouble}; it wrote {wrote}")

    def _ask(self) -> None:
        live = self._first[self.names.live]
        said = readiness.bad_answer(self._engine, live)
        self._bad = self._bad + 1 if said else 0
        if self._bad == _IN_A_ROW:
            wrote = readiness.wrote(self._engine, live.id)
            raise DeploymentFailed(
                f"{self.names.live} was not ready {_IN_A_ROW} times in a row, last probe {said}; "
                f"it wrote {wrote}"
            )


def _trouble(found: Container, first: Container) -> str | None:
    if found.id != first.id:
        return "is another container than the one that was deployed: somebody replaced it"
    if not found.running:
        ended = found.status in ("exited", "dead", "restarting")
        code = f", exit code {found.exit_code}" if ended else ""
        return f"does not run: status {found.status}{code}"
    if found.restarts != first.restarts or found.started_at != first.started_at:
        return f"has restarted, at {found.started_at}"
    if found.health not in (None, "healthy"):
        return f"has a HEALTHCHECK that says {found.health}"
    return None
