"""The steps of a run that put its image into the environment, and leave that in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_storedog_gate.deploy import Deployer
from pytest_storedog_gate.errors import NoVerdict

from .image import asked_for
from .steps import Step

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_storedog_gate.deploy import Build, Deployment, ImageReference
    from pytest_storedog_gate.settings import Settings


class Deploying:
    """One run's deployment. `image` has a digest once it is resolved.

    Until the lock is taken nothing is touched, and nothing is to be left in order.
    """

    def __init__(self, settings: Settings, build: Build, progress: Callable[[str], None]) -> None:
        self._settings = settings
        self._progress = progress
        self.image: ImageReference = asked_for(settings)
        self.deployment: Deployment | None = None
        self.rolled_back: str | None = None
        self._locked = False
        self._deployer = Deployer(
            settings.environment, build=build, progress=progress, redact=settings.redact
        )

    @property
    def steps(self) -> Mapping[Step, Callable[[], None]]:
        """What is done here at which step; the candidate's start is a part of its swap."""
        return {
            Step.LOCK: self._lock,
            Step.RESOLVE: self._resolve,
            Step.PULL: self._pull,
            Step.LOCK_OF_IMAGE: self._lock_of_image,
            Step.SERVICES: self._deployer.start_services,
            Step.SWAP: self._deploy,
            Step.PROVE: self.prove,
        }

    def close(self) -> None:
        """Gives the lock back."""
        self._deployer.close()

    def prove(self) -> None:
        """Nothing but what was deployed answers."""
        if self.deployment is None:
            raise NoVerdict("nothing was deployed, so nothing is proved")
        self._deployer.prove(self.deployment)

    def conclude(self) -> None:
        """What is live stays."""
        self._deployer.conclude()

    def leave(self) -> None:
        """Leaves the environment after a run that did not open the gate."""
        if not self._locked:
            return
        if self.deployment is None:
            self._deployer.rollback()  # an interrupted deployment has left its parts
        elif self._settings.environment.on_failure == "keep":
            self._deployer.conclude()
        else:
            self.rolled_back = self._deployer.rollback()

    def _lock(self) -> None:
        self._deployer.connect()
        if self._deployer.lock(wait=self._settings.lock_wait):
            self._recover()

    def _resolve(self) -> None:
        self.image = self._deployer.resolve(self.image)

    def _pull(self) -> None:
        self._deployer.pull(self.image)

    def _lock_of_image(self) -> None:
        if not self._locked:
            self._deployer.lock(self.image, wait=self._settings.lock_wait)
            self._recover()

    def _recover(self) -> None:
        """The lock's holder first mends what an earlier run left, and may touch the rest."""
        self._locked = True
        mended = self._deployer.recover()
        if mended:
            self._progress(f"recovered: {mended}")

    def _deploy(self) -> None:
        self.deployment = self._deployer.deploy(self.image)
