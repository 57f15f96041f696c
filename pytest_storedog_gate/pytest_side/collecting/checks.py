"""The plugin's own test: one item for each check."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.datadog.models import Status
from pytest_storedog_gate.reports.failure_text import of_check

if TYPE_CHECKING:
    from pytest_storedog_gate.datadog.models import CheckOutcome


def test_check(storedog_outcome: CheckOutcome) -> None:
    """Passes when every result of the check has passed."""
    if storedog_outcome.status is not Status.PASSED:
        pytest.fail(of_check(storedog_outcome), pytrace=False)
