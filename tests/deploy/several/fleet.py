"""Several fake engines, one a target, and the runs of an environment that is deployed to all."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_storedog_gate.deploy import several
from pytest_storedog_gate.deploy.reaching.engine_address import EngineAddress
from tests.deploy.conftest import LIVE, reached
from tests.deploy.fake_engine import Killed
from tests.deploy.fake_machine import EDGE, Clock, Machine
from tests.deploy.killing import whole_release

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from pytest_storedog_gate.deploy import Deployer, ImageReference
    from pytest_storedog_gate.deploy.environment import Environment
    from pytest_storedog_gate.deploy.several.deployer import HeldTargets, TargetsDeployer
    from pytest_storedog_gate.deploy.several.deployment import LiveTargets
    from tests.deploy.fake_engine import FakeEngine

NAMES = ("us", "eu", "ap")  # the order of promotion, which is not that of the locks


def engine_of(target: str) -> EngineAddress:
    """Its address is in the environment of its target."""
    return EngineAddress(f"tcp://127.0.0.1:{1 + NAMES.index(target)}")


def at_targets(environment: Environment, targets: int = 2) -> Environment:
    """The environment, deployed to so many targets."""
    own = {name: {"engine": engine_of(name), "overrides": {}} for name in NAMES[:targets]}
    # Whose lock needs nothing that stands there.
    image = f"r.example/haproxy:{EDGE}"
    return replace(environment, targets=own, lock_image=image)


class Fleet:
    """A machine for each target; they have one clock."""

    def __init__(self, machine: Machine, targets: int = 2) -> None:
        self.machines = {name: machine.copy() for name in NAMES[:targets]}
        self.said: list[str] = []

    @property
    def clock(self) -> Clock:
        """Of all of them."""
        return next(iter(self.machines.values())).clock

    def copy(self) -> Fleet:
        """Another one in the same state, at which nobody works."""
        other = Fleet(Machine())
        other.machines = {name: machine.copy() for name, machine in self.machines.items()}
        return other

    def push(self, release: str, behaviour: str = "serves") -> ImageReference:
        """Puts a release into the registry that all of them reach."""
        first, *_ = [each.push(release, behaviour) for each in self.machines.values()]
        return first

    @contextmanager
    def reached(self, environment: Environment) -> Iterator[TargetsDeployer]:
        """A run's way to all of them."""
        by_engine = {engine_of(name): machine for name, machine in self.machines.items()}

        def reach(
            environment: Environment, progress: Callable[[str], None]
        ) -> AbstractContextManager[Deployer]:
            return reached(by_engine[environment.engine], environment, progress=progress)

        with several.connected(environment, reach, self.said.append) as deployer:
            yield deployer

    @contextmanager
    def promoted(
        self, environment: Environment, image: ImageReference
    ) -> Iterator[tuple[HeldTargets, LiveTargets]]:
        """A run whose deployments are open."""
        with self.reached(environment) as deployer, deployer.lock() as held:
            held.recover()
            yield held, held.fetch(deployer.resolve(image)).stage().promote()

    def deploy(self, environment: Environment, image: ImageReference) -> None:
        """A run from start to end."""
        with self.promoted(environment, image) as (_, live):
            live.prove()
            live.conclude()

    def recover(self, environment: Environment) -> str | None:
        """What the next run does first."""
        with self.reached(environment) as deployer, deployer.lock() as held:
            return held.recover()

    def answers(self) -> set[str | None]:
        """The releases that answer at the targets."""
        return {machine.answer(LIVE) for machine in self.machines.values()}

    def one_release(self) -> str | None:
        """The release that answers at all of them, where only whole deployments are."""
        found = {whole_release(machine) for machine in self.machines.values()}
        assert len(found) == 1, f"the targets run different releases: {found}"
        return found.pop()

    def state(self) -> object:
        """All that a run can change, but for marks and times."""
        return tuple(each.state() for each in self.machines.values())


class Death:
    """The end of a run after so many calls to all engines, since it was armed."""

    def __init__(self, fleet: Fleet, calls: int) -> None:
        self._calls, self._seen = calls, 0
        self._engines: list[FakeEngine] = []
        self._armed = False
        for machine in fleet.machines.values():
            machine.between = self._between

    def arm(self) -> None:
        self._armed = True

    @property
    def came(self) -> bool:
        return self._seen >= self._calls

    def _between(self, engine: FakeEngine) -> None:
        if engine not in self._engines:
            self._engines.append(engine)
        self._seen += self._armed
        if self._armed and self._seen == self._calls:
            raise self.now()

    def now(self) -> Killed:
        """Ends it; to be raised."""
        for each in self._engines:
            with suppress(Killed):
                each.die()
        return Killed()
