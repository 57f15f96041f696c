"""The plugin's own tests: one item for each check, and one for each thing that is watched."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.datadog.models import Status
from pytest_storedog_gate.reports.failure_text import of_check, of_watch
from pytest_storedog_gate.verdicts.rule import State

if TYPE_CHECKING:
    from pytest_storedog_gate.datadog.models import CheckOutcome
    from pytest_storedog_gate.verdicts.rule import WatchVerdict


def test_check(storedog_outcome: CheckOutcome) -> None:
    """Passes when every result of the check has passed."""
    if storedog_outcome.status is not Status.PASSED:
        pytest.fail(of_check(storedog_outcome), pytrace=False)


def test_watch(storedog_watched: WatchVerdict) -> None:
    """Passes when nothing went wrong for as long as it was to be watched."""
    if storedog_watched.state is not State.OPEN:
        pytest.fail(of_watch(storedog_watched), pytrace=False)
