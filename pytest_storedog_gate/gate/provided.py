"""What a project may bring to a run, in the place of the gate's own or beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_storedog_gate.deploy import ImageReference, Reach
    from pytest_storedog_gate.deploy.environment import Environment
    from pytest_storedog_gate.settings.load import Settings
    from pytest_storedog_gate.verdicts.record import Record
    from pytest_storedog_gate.verdicts.store import VerdictStore


class BeforeTraffic(Protocol):
    """The project's proofs between the staging of an image and its traffic."""

    def names(self) -> Sequence[str]:
        """Whose they are; none where there are none."""
        ...

    def __call__(self, environment: Environment, image: ImageReference) -> None:
        """Returns where all hold; raises DeploymentFailed or NoVerdict where one does not."""
        ...


class AfterChecks(Protocol):
    """The project's proofs after the checks have passed."""

    def names(self) -> Sequence[str]:
        """Whose they are; none where there are none."""
        ...

    def __call__(self, environment: Environment, record: Record) -> None:
        """Returns where all hold; raises DeploymentFailed or NoVerdict where one does not."""
        ...


@dataclass(frozen=True)
class Provided:
    """See `hookspecs`: each is a hook there."""

    deployer: Reach
    verdict_store: Callable[[Settings], VerdictStore]
    before_traffic: BeforeTraffic
    after_checks: AfterChecks
