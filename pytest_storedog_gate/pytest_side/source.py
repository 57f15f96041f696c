"""What collection and fixtures ask for: the controller itself answers, or a worker asks it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    from pytest_storedog_gate.datadog.models import CheckOutcome
    from pytest_storedog_gate.reports.attachments import Attachments
    from pytest_storedog_gate.verdicts.rule import WatchVerdict

Tagged = tuple[str, tuple[str, ...]]  # a check's public ID and its tags
Overrides = Mapping[str, Any]


@dataclass(frozen=True)
class Marked:
    """One check that a collected test asks for by a marker; the test may have been left out."""

    node_id: str
    public_id: str
    overrides: Overrides


@dataclass(frozen=True)
class Census:
    """What a collection found of tests that ask for checks.

    `marked` holds the nearest marker of each test first. `faults` are sentences about markers that
    cannot be meant; `unread` are files that may ask for checks and were left out of the collection.
    """

    marked: tuple[Marked, ...] = ()
    faults: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


class Source(Protocol):
    """Every method blocks until there is an answer, and raises `GateError` if there is none."""

    def checks(self) -> list[Tagged]:
        """What is to be checked."""

    def watches(self) -> list[str]:
        """What is watched once it is live, by name."""

    def counted(self, census: Census) -> None:
        """Takes note of the tests that ask for checks by their markers."""

    def stopped(self) -> bool:
        """Whether the run ended before it triggered anything, so that tests have nothing to say."""

    def outcome(self, public_id: str) -> CheckOutcome:
        """One check's outcome in the run's batch."""

    def watched(self, name: str) -> WatchVerdict:
        """What the watching of one thing has come to."""

    def trigger(self, public_id: str, overrides: Overrides) -> CheckOutcome:
        """One check's outcome in a batch of its own, with these overrides."""


class Showing(Protocol):
    """What reports of other plugins ask for, while tests run: see `Source`."""

    def attachments(self, public_id: str) -> Attachments | None:
        """The evidence of one check for reports of other plugins; None where it has no result."""

    def masked(self, texts: list[str]) -> list[str]:
        """The texts without the secrets of the run."""


SOURCE = pytest.StashKey[Source]()
