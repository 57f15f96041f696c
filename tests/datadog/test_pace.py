"""How often a batch is asked for, against what datadog-ci would have done."""

from __future__ import annotations

import math
import random
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from pytest_storedog_gate.datadog.batch import Batch
from pytest_storedog_gate.datadog.batch_state import BatchState
from pytest_storedog_gate.datadog.calling.clock import Clock
from pytest_storedog_gate.datadog.calling.endpoint import Endpoint
from pytest_storedog_gate.datadog.client import SyntheticsClient, Triggered
from pytest_storedog_gate.datadog.details import Detail, details_from_json
from pytest_storedog_gate.datadog.models import Status
from pytest_storedog_gate.datadog.pace import Pace
from tests.datadog.conftest import SimulatedTime

if TYPE_CHECKING:
    from collections.abc import Sequence

# Seconds from the trigger to the end of a batch: every tenth at first, up to half an hour.
DURATIONS = [
    *(tenths / 10 for tenths in range(320)),
    *(seconds + 0.3 for seconds in range(32, 180, 3)),
    *(300.0, 1799.9, 1800.0),
]


class Running(SyntheticsClient):
    """Answers as a service would whose results end at the given seconds. Sends nothing."""

    def __init__(self, time: SimulatedTime, ends: Sequence[float], lag: float = 0) -> None:
        super().__init__(Endpoint.of_url("http://127.0.0.1:9"), None, time.clock)
        self.deadline = 1e5
        self.ends = {f"id-{number:04}": end for number, end in enumerate(ends)}
        self.lag = lag
        self.first_seen = math.inf
        self.told: Counter[str] = Counter()
        self._time = time

    def batch(self, batch_id: str) -> BatchState:  # noqa: ARG002  # as the client has it
        self.calls += 1
        over = self._time.now >= max(self.ends.values())
        if over:
            self.first_seen = min(self.first_seen, self._time.now)
        results = [self._entry(result_id, end) for result_id, end in self.ends.items()]
        status = "passed" if over else "in_progress"
        return BatchState.from_json({"data": {"status": status, "results": results}})

    def details(self, result_ids: Sequence[str]) -> dict[str, Detail]:
        self.calls += 1
        there = [i for i in result_ids if self._time.now >= self.ends[i] + self.lag]
        self.told.update(there)
        data = [{"id": i, "attributes": {"result": {"finished_at": 1}}} for i in there]
        return details_from_json({"data": data})

    def _entry(self, result_id: str, end: float) -> dict[str, Any]:
        ended = self._time.now >= end
        return {
            "test_public_id": result_id,
            "status": "passed" if ended else "in_progress",
            "result_id": result_id,
            "retries": 0 if ended else None,
        }


def statuses(client: Running) -> set[Status]:
    batch = Batch(client, Triggered("b", {}), dict.fromkeys(client.ends, ()))
    found = {outcome.public_id: outcome.status for outcome in batch.outcomes()}
    assert list(found) != []
    assert set(found) == set(client.ends)
    client.close()
    return set(found.values())


def theirs(seconds: float) -> int:
    """datadog-ci's calls from its trigger on, and its settings; definitions both ask for."""
    return 1 + 2 * (math.ceil(seconds / 5) + 1)


@pytest.mark.parametrize("lag", [0, 1, 1e4], ids=["at-once", "late-details", "no-details"])
@pytest.mark.parametrize("results", [1, 3, 8])
def test_never_more_calls_in_all_than_datadog_ci(results: int, lag: float) -> None:
    chance = random.Random(results)  # noqa: S311  # no secret
    for seconds in DURATIONS:
        ends = [chance.uniform(0, seconds) for _ in range(results - 1)]
        client = Running(SimulatedTime(), [*ends, seconds], lag)
        assert statuses(client) == {Status.PASSED}
        assert client.calls <= theirs(seconds), f"a batch of {seconds} s"


@pytest.mark.parametrize(("ends", "seen"), [(0.0, 0.3), (0.3, 0.3), (0.31, 1.0), (1.0, 1.0)])
def test_quick_at_first(ends: float, seen: float) -> None:
    client = Running(SimulatedTime(), [ends])
    statuses(client)
    assert client.first_seen == pytest.approx(seen)


def test_end_is_seen_within_a_cycle_of_datadog_ci() -> None:
    for seconds in DURATIONS:
        client = Running(SimulatedTime(), [seconds / 2, seconds])
        statuses(client)
        assert client.first_seen - seconds < 5, f"a batch of {seconds} s"


def test_calls_that_were_saved_are_used_to_be_quicker() -> None:
    """While nothing ends there are no details to ask for, so the batch can be asked for twice."""
    client = Running(SimulatedTime(), [7.0])
    statuses(client)
    assert client.first_seen < 10


def test_details_that_must_wait_are_asked_for_later_and_once_each() -> None:
    ends = [0.1, 0.8, 3.0, 6.0, 6.1, 11.0, 12.0]
    client = Running(SimulatedTime(), ends)
    assert statuses(client) == {Status.PASSED}
    assert client.told == dict.fromkeys(client.ends, 1)


@pytest.mark.parametrize("first", [0.0, 0.4], ids=["seen-at-once", "seen-second"])
def test_one_call_is_kept_for_details_that_lag_behind_the_end(first: float) -> None:
    for seconds in DURATIONS:
        # Everything that could be spent before has been: some result ends in every cycle.
        busy = [min(first + seconds * part / 10, seconds) for part in range(10)]
        client = Running(SimulatedTime(), [*busy, seconds], lag=1.9)
        statuses(client)
        assert set(client.told) == set(client.ends), f"a batch of {seconds} s"


def test_clock_that_wakes_early_buys_no_calls() -> None:
    time = SimulatedTime()

    def early(seconds: float) -> bool:
        time.now += max(seconds - 0.005, 0.001)
        return False

    pace = Pace(Clock(early, lambda: time.now))
    for polls in range(1, 500):
        early(pace.until_next())
        asked_at = time.now
        pace.saw(running=True)
        while pace.left() > 0:
            pace.asked_for_details()
        # It may end right after this question: datadog-ci sees that at its next one.
        at_least = theirs(math.floor(asked_at / 5) * 5 + 0.1)
        assert pace._spent + 3 <= at_least, f"after {polls} questions"


def test_thousand_results_cost_ten_times_a_hundred() -> None:
    """Calls of functions are counted, not time: the machine may be busy."""
    few, many = (_function_calls(results) for results in (100, 1000))
    assert few > 1000
    assert many < few * 10 * 1.1


def _function_calls(results: int) -> int:
    # As many questions for both: the results end over the same time.
    client = Running(SimulatedTime(), [60 * number / results for number in range(results)])
    count = 0

    def note(_frame: object, _event: str, _arg: object) -> None:
        nonlocal count
        count += 1

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        statuses(client)
    finally:
        sys.setprofile(before)
    return count
