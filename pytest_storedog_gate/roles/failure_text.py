"""What a person reads of a check that did not pass: enough to act on at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_storedog_gate.datadog.models import Status

from . import curl

if TYPE_CHECKING:
    from pytest_storedog_gate.datadog.models import CheckOutcome, Result


def of_check(outcome: CheckOutcome) -> str:
    """The check's name, and for each bad result the reason, its attempts and where to look."""
    bad = [result for result in outcome.results if result.status is not Status.PASSED]
    blocks = [of_result(result) for result in bad]
    return "\n".join((f"{outcome.name} ({outcome.public_id})", *blocks))


def of_result(result: Result) -> str:
    """One result: where, the reason, its attempts, the request, what was kept, and its page."""
    place = ", ".join(part for part in (result.location, result.device) if part)
    asked = result.max_retries + 1
    tries = f", attempt {result.retries + 1} of {asked}" if asked > 1 else ""
    lines = [f"{result.status.value} at {place or 'unknown location'}{tries}:"]
    lines += [f"  {line}" for line in result.reason.splitlines()]
    lines += [
        f"  attempt {number}: {attempt.status.value}: {attempt.reason.splitlines()[0]}"
        for number, attempt in enumerate(result.attempts[:-1], 1)
        if attempt.reason
    ]
    if command := curl.command(result.detail.get("request") or {}):
        lines.append(f"  try it: {command}")
    lines += [f"  kept {path}" for path in result.artifacts]
    if result.result_url:
        lines.append(f"  result: {result.result_url}")
    return "\n".join(lines)
