"""The screenshots of a run's browser tests, and what else a page shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_storedog_gate.datadog.models import Status
from pytest_storedog_gate.errors import NoVerdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pytest_storedog_gate.datadog.client import SyntheticsClient
    from pytest_storedog_gate.datadog.models import CheckOutcome

_PATIENCE = 5.0  # s in all; the checks have ended, and nothing else is asked any more
_MOST = 16 * 2**20  # bytes in all, so that a page can be mailed


@dataclass(frozen=True)
class Exhibits:
    """What is only there to be looked at: see `Record`."""

    pictures: Mapping[str, bytes]
    logs: Mapping[str, str]


def taken(client: SyntheticsClient, outcomes: Iterable[CheckOutcome]) -> dict[str, bytes]:
    """The pictures by their keys; those of what went wrong first, as many as fit.

    They decide nothing: one that cannot be had is left out.
    """
    found: dict[str, bytes] = {}
    size = 0
    # The client's own deadline is that of all who still follow a batch.
    until = client.clock.now() + _PATIENCE
    try:
        for key in _keys(outcomes):
            picture = client.screenshot(key, until)
            size += len(picture)
            if size > _MOST:
                break
            if picture:
                found[key] = picture
    except NoVerdict:
        pass  # the service is gone, or the time is over
    return found


def _keys(outcomes: Iterable[CheckOutcome]) -> Iterator[str]:
    results = [result for outcome in outcomes for result in outcome.results]
    results.sort(key=lambda result: result.status is Status.PASSED)
    for result in results:
        # The last step's first: it is the one that failed.
        yield from (step.screenshot for step in reversed(result.steps) if step.screenshot)
