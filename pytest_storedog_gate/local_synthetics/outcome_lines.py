"""What the command line prints of results: a line each, and below it expected and actual."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_storedog_gate.datadog.details import text_of
from pytest_storedog_gate.datadog.models import Result, Status
from pytest_storedog_gate.errors import ExitStatus

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_storedog_gate.datadog.models import Assertion


def lines_of(result: Result) -> Iterator[str]:
    """The lines of one result; what a target sent cannot steer the terminal."""
    where = " on ".join(filter(None, (result.location, result.device)))
    details = ", ".join(filter(None, (where, f"{result.duration * 1000:.0f} ms")))
    head = f"{result.status.value.upper()} {result.public_id} {result.name} ({details})"
    kept = [f"kept {path}" for path in result.artifacts]
    for number, line in enumerate([head, *_below(result), *kept]):
        yield "  " * (number > 0) + harmless(line)


def exit_status(results: Sequence[Result]) -> ExitStatus:
    """Open only if every result passed; a failure beats a missing verdict, as none does."""
    found = {result.status for result in results}
    if Status.FAILED in found:
        return ExitStatus.CLOSED
    return ExitStatus.OPEN if found == {Status.PASSED} else ExitStatus.INCONCLUSIVE


def summary(results: Sequence[Result]) -> str:
    """How many results ended in which way."""
    counts = {status: sum(one.status is status for one in results) for status in Status}
    return ", ".join(f"{count} {status.value}" for status, count in counts.items() if count)


def _below(result: Result) -> Iterator[str]:
    if result.status is Status.NO_VERDICT or not (result.assertions or result.steps):
        yield from result.reason.splitlines()
        return
    yield from _asserted(result.assertions)
    for number, step in enumerate(result.steps, 1):
        status = step.status.value if step.status else "not run"
        yield f"step {number}, {step.name}: {status}"
        yield from (f"  {line}" for line in _asserted(step.assertions))
    if result.status is Status.FAILED and all(one.valid for one in result.assertions):
        yield from result.reason.splitlines()


def _asserted(assertions: Sequence[Assertion]) -> Iterator[str]:
    for assertion in assertions:
        yield text_of(assertion) if assertion.valid else f"{text_of(assertion)} <- does not hold"


def harmless(line: str) -> str:
    """The text without what would steer a terminal."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in line)
