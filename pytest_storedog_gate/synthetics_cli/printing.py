"""What the command line prints of results: a line each, and below it expected and actual."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING

from pytest_storedog_gate.datadog.details import text_of
from pytest_storedog_gate.datadog.exchanges import of_failures
from pytest_storedog_gate.datadog.models import Result, Status
from pytest_storedog_gate.errors import ExitStatus
from pytest_storedog_gate.outlets.plain_text import block, line

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from pytest_storedog_gate.datadog.models import Assertion, Step

BROKEN = " <- does not hold"
"""The end of the line of an assertion that does not hold."""


def lines_of(result: Result) -> Iterator[str]:
    """The lines of one result; what a target sent cannot steer the terminal."""
    where = line(" on ".join(filter(None, (result.location, result.device))))
    details = ", ".join(filter(None, (where, f"{result.duration * 1000:.0f} ms")))
    yield f"{result.status.value.upper()} {line(result.public_id)} {line(result.name)} ({details})"
    yield from (f"  {below}" for below in _below(result))
    yield from (f"  kept {line(path)}" for path in result.artifacts)


def show(results: Iterable[Result]) -> None:
    """Prints results, to be seen at once."""
    for result in results:
        sys.stdout.writelines(f"{one}\n" for one in lines_of(result))
        sys.stdout.flush()


def conclude(results: Collection[Result]) -> ExitStatus:
    """Prints how many results ended in which way; returns the exit status."""
    counts = Counter(result.status for result in results)
    told = ", ".join(f"{counts[each]} {each.value}" for each in Status if each in counts)
    sys.stdout.write(f"{told}\n")
    return exit_status(results)


def exit_status(results: Iterable[Result]) -> ExitStatus:
    """Open only if every result passed; a failure beats a missing verdict, as none does."""
    found = {result.status for result in results}
    if Status.FAILED in found:
        return ExitStatus.CLOSED
    return ExitStatus.OPEN if found == {Status.PASSED} else ExitStatus.INCONCLUSIVE


def step_line(number: int, step: Step) -> str:
    """How a step ended."""
    status = step.status.value if step.status else "not run"
    return f"step {number}, {line(step.name)}: {status}"


def _below(result: Result) -> Iterator[str]:
    failed = result.status is Status.FAILED
    told = result.status is not Status.NO_VERDICT and bool(result.assertions or result.steps)
    if told:
        yield from _asserted(result.assertions, marked=failed)
        for number, step in enumerate(result.steps, 1):
            yield step_line(number, step)
            yield from (f"  {below}" for below in _asserted(step.assertions, marked=failed))
    if not told or (failed and all(one.valid for one in result.assertions)):
        yield from block(result.reason).splitlines()
    if failed:
        yield from of_failures(result)


def _asserted(assertions: Sequence[Assertion], *, marked: bool) -> Iterator[str]:
    """A line for each; those that hold are `marked` as well where others may not."""
    for assertion in assertions:
        mark = " <- holds" if marked else ""
        yield line(text_of(assertion)) + (mark if assertion.valid else BROKEN)
