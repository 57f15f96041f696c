"""The steps of a run that put its image into the environment, and leave that in order."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from pytest_storedog_gate.errors import NoVerdict
from pytest_storedog_gate.gate.image import asked_for
from pytest_storedog_gate.gate.steps import Step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from pytest_storedog_gate.deploy import Deployer, Deployment, Held, ImageReference, Live
    from pytest_storedog_gate.settings.load import Settings

STEPS = (Step.LOCK, Step.RESOLVE, Step.FETCH, Step.STAGE, Step.PROMOTE)
"""What is done here, in this order."""


class Deploying:
    """One run's deployment. `image` has a digest once it is resolved.

    Until the lock is taken nothing is touched, and nothing is to be left in order.
    """

    def __init__(
        self,
        settings: Settings,
        connected: AbstractContextManager[Deployer],
        progress: Callable[[str], None],
    ) -> None:
        self.image: ImageReference = asked_for(settings)
        self.rolled_back: str | None = None
        self._settings = settings
        self._connected = connected
        self._progress = progress
        self._resources = ExitStack()
        self._held: Held | None = None
        self._live: Live | None = None
        self._road = self._steps()

    def take(self, step: Step) -> None:
        """Takes the next step, which is this one."""
        reached = next(self._road)
        assert reached is step, f"{reached} comes before {step}"  # noqa: S101  # steps.of has the order

    def close(self) -> None:
        """Gives the lock back."""
        self._resources.close()

    @property
    def deployment(self) -> Deployment | None:
        """What was deployed, if that was done."""
        return self._live.deployment if self._live else None

    def prove(self) -> None:
        """Nothing but what was deployed answers."""
        self._deployed().prove()

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
