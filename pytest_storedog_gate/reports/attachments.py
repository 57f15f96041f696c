"""The evidence of one check for reports of others: a text, pictures and links."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_storedog_gate.datadog.models import Status
from pytest_storedog_gate.outlets.plain_text import address, line
from pytest_storedog_gate.reports.failure_text import of_check

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_storedog_gate.datadog.models import CheckOutcome, Result

_MOST_STEPS = 50  # of a result; a page of evidence has them all
_MARK = {Status.PASSED: "✓", Status.FAILED: "✗", Status.NO_VERDICT: "?", None: "-"}


@dataclass(frozen=True)
class Attachments:
    """What is attached to the test of a check that did not pass.

    `text` has harmless lines. `pictures` are JPEG files by titles, and `links` are addresses
    (`http` or `https`) by titles, in which no foreign words stand.
    """

    text: str
    pictures: Mapping[str, bytes]
    links: Mapping[str, str]


def of(outcome: CheckOutcome, pictures: Mapping[str, bytes]) -> Attachments:
    """The attachments of a check; `pictures` are its screenshots by their keys in the steps."""
    bad = [result for result in outcome.results if result.status is not Status.PASSED]
    steps = [one for number, result in enumerate(bad, 1) for one in _steps(number, result)]
    return Attachments(
        "\n".join((of_check(outcome), *steps)) + "\n",
        {
            f"result {number}, step {place}": pictures[step.screenshot]
            for number, result in enumerate(bad, 1)
            for place, step in enumerate(result.steps, 1)
            if step.screenshot in pictures
        },
        {
            f"result {number}": address(result.result_url)
            for number, result in enumerate(bad, 1)
            if result.result_url.startswith(("http://", "https://"))
        },
    )


def _steps(number: int, result: Result) -> Iterator[str]:
    if result.steps:
        yield f"steps of result {number}:"
    for place, step in enumerate(result.steps[:_MOST_STEPS], 1):
        yield f"  {_MARK[step.status]} {place}. {line(step.name)} ({step.duration:.2f} s)"
    if len(result.steps) > _MOST_STEPS:
        yield f"  and {len(result.steps) - _MOST_STEPS} more steps"
