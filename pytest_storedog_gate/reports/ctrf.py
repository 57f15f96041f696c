"""What a CTRF file says of checks beyond the texts of their tests (https://ctrf.io)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.datadog.models import Status
from pytest_storedog_gate.outlets.plain_text import address, line, long_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_storedog_gate.datadog.models import CheckOutcome

# A step that has no verdict is none that failed.
_STATUS = {Status.PASSED: "passed", Status.FAILED: "failed", Status.NO_VERDICT: "other"}


def of_check(outcome: CheckOutcome) -> dict[str, Any]:
    """The keys of a test in the file: its message, its steps, and which check it is."""
    decisive = outcome.decisive
    extra = {
        "public_id": line(outcome.public_id),
        "result_id": line(decisive.result_id),
        "result_url": address(decisive.result_url),
    }
    told = {"steps": list(_steps(outcome)), "message": long_line(decisive.reason)}
    return {
        **{key: value for key, value in told.items() if value},
        "extra": {key: value for key, value in extra.items() if value},
    }


def _steps(outcome: CheckOutcome) -> Iterator[dict[str, str]]:
    for step in outcome.decisive.steps:
        status = "skipped" if step.status is None else _STATUS[step.status]
        yield {"name": line(step.name), "status": status}
