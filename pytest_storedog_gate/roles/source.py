"""What collection and fixtures ask for: the controller itself answers, or a worker asks it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    from pytest_storedog_gate.datadog.models import CheckOutcome

Tagged = tuple[str, tuple[str, ...]]  # a check's public ID and its tags
Overrides = Mapping[str, Any]
Marked = Mapping[str, tuple[str, Overrides]]  # by node ID: the marker's public ID and overrides


class Source(Protocol):
    """Every method blocks until there is an answer, and raises `GateError` if there is none."""

    def checks(self) -> list[Tagged]:
        """What is to be checked."""
        ...

    def marked(self, tests: Marked) -> None:
        """Takes note of tests that ask for a check by their marker."""
        ...

    def outcome(self, public_id: str) -> CheckOutcome:
        """One check's outcome in the run's batch."""
        ...

    def trigger(self, public_id: str, overrides: Overrides) -> CheckOutcome:
        """One check's outcome in a batch of its own, with these overrides."""
        ...


SOURCE = pytest.StashKey[Source]()
