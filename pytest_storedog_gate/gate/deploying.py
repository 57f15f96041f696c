"""The steps of a run that put its image into the environment, and leave that in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_storedog_gate.deploy import TellsLogs
from pytest_storedog_gate.errors import NoVerdict
from pytest_storedog_gate.gate.image import asked_for, decided_on
from pytest_storedog_gate.gate.steps import Step
from pytest_storedog_gate.verdicts.record import Subject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager, ExitStack

    from pytest_storedog_gate.deploy import Deployer, Deployment, Held, ImageReference, Live
    from pytest_storedog_gate.settings.load import Settings


class DeployedElsewhere:
    """A run that deploys nothing: it only checks, or decides on what somebody else deployed."""

    steps: tuple[Step, ...] = (Step.RESOLVE,)
    deployment: Deployment | None = None
    rolled_back: str | None = None

    def __init__(self, settings: Settings) -> None:
        self.subject = Subject()
        self._settings = settings

    def take(self, step: Step) -> None:
        """Takes the next step, which is this one of its `steps`."""
        assert step is Step.RESOLVE  # noqa: S101  # the only one
        self.subject = decided_on(self._settings)

    def prove(self) -> None:
        """There is nothing of this run's to prove."""

    def logs(self) -> Mapping[str, str]:
        """There is nothing of this run's that writes any."""
        return {}

    def conclude(self) -> None:
        """There is nothing of this run's to conclude."""

    def leave(self) -> None:
        """There is nothing of this run's to put back."""


class Deploying:
    """One run's deployment. `subject` has a digest once it is resolved.

    Until the lock is taken nothing is touched, and nothing is to be left in order.
    """

    steps: tuple[Step, ...] = (Step.LOCK, Step.RESOLVE, Step.FETCH, Step.STAGE, Step.PROMOTE)

    def __init__(
        self,
        settings: Settings,
        connected: AbstractContextManager[Deployer],
        resources: ExitStack,
        progress: Callable[[str], None],
    ) -> None:
        """What is taken, such as the lock, is given back with the `resources`."""
        self.image: ImageReference = asked_for(settings)
        self.subject = Subject(str(self.image))
        self.rolled_back: str | None = None
        self._settings = settings
        self._connected = connected
        self._progress = progress
        self._resources = resources
        self._held: Held | None = None
        self._live: Live | None = None
        self._road = self._steps()

    def take(self, step: Step) -> None:
        """Takes the next step, which is this one of its `steps`."""
        reached = next(self._road)
        assert reached is step, f"{reached} comes before {step}"  # noqa: S101  # steps.of has the order

    @property
    def deployment(self) -> Deployment | None:
        """What was deployed, if that was done."""
        return self._live.deployment if self._live else None

    def prove(self) -> None:
        """Nothing but what was deployed answers."""
        self._deployed().prove()

    def logs(self) -> Mapping[str, str]:
        """The last lines of what was deployed, by its parts' names; they decide nothing."""
        try:
            live: object = self._live
            return live.logs() if isinstance(live, TellsLogs) else {}
        except Exception as error:  # noqa: BLE001  # a project's own deployer may raise anything
            return {"no logs": str(error)}

    def conclude(self) -> None:
        """What is live stays."""
        self._deployed().conclude()

    def leave(self) -> None:
        """Leaves the environment after a run that did not open the gate."""
        if self._live is None:
            if self._held is not None:
                self._held.put_back()  # an interrupted deployment has left its parts
        elif self._settings.environment.on_failure == "keep":
            self._live.conclude()
        else:
            self.rolled_back = self._live.rollback()

    def _steps(self) -> Iterator[Step]:
        deployer = self._resources.enter_context(self._connected)
        held = deployer.lock(wait=self._settings.lock_wait)
        self._held = self._resources.enter_context(held)
        # The lock's holder first mends what an earlier run left, and may touch the rest.
        if mended := self._held.recover():
            self._progress(f"recovered: {mended}")
        yield Step.LOCK
        self.image = deployer.resolve(self.image)
        if self.image.digest is None:
            raise NoVerdict(f"{self.image} was resolved to no digest: nothing says what it is")
        self.subject = Subject(str(self.image), self.image.digest)
        yield Step.RESOLVE
        fetched = self._held.fetch(self.image)
        yield Step.FETCH
        staged = fetched.stage()
        yield Step.STAGE
        self._live = staged.promote()
        yield Step.PROMOTE

    def _deployed(self) -> Live:
        if self._live is None:
            raise NoVerdict("nothing was deployed, so nothing is proved")
        return self._live
