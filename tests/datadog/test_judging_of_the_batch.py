"""What in its batch speaks against a result, one way at a time."""

from __future__ import annotations

import pytest

from pytest_storedog_gate.datadog.models import Status
from tests.datadog.results import ENTRY, UNSUPPORTED, judge


@pytest.mark.parametrize("name", UNSUPPORTED)
def test_pass_that_its_batch_does_not_support_is_none(name: str) -> None:
    entry, datum, more, reason = UNSUPPORTED[name]
    found = judge(ENTRY | entry, datum, **more)
    assert (found.status, found.reason) == (Status.NO_VERDICT, reason)
