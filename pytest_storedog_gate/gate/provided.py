"""What a project may bring to a run, in the place of the gate's own or beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from pytest_storedog_gate.deploy import Deployer
    from pytest_storedog_gate.verdicts.record import Record
    from pytest_storedog_gate.verdicts.store import VerdictStore


class Proofs(Protocol):
    """The project's own proofs at one place of the road."""

    def names(self) -> Sequence[str]:
        """Whose they are; none where there are none."""

    def __call__(self, **facts: object) -> None:
        """Returns where all hold; raises DeploymentFailed or NoVerdict where one does not."""


@dataclass(frozen=True)
class Provided:
    """See `hookspecs`: each is a hook there, and takes its arguments by their names.

    `lasted`: how long each check lasted, in seconds, by its public ID. `html`: a run's evidence as
    a page.
    """

    deployer: Callable[..., AbstractContextManager[Deployer]]
    verdict_store: Callable[..., VerdictStore]
    before_traffic: Proofs
    after_checks: Proofs
    lasted: Mapping[str, float]
    html: Callable[[Record], bytes]
