"""When a batch is looked at, and what that costs beside datadog-ci."""

from __future__ import annotations

import cProfile
import math
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_storedog_gate.datadog.batch import Batch
from pytest_storedog_gate.datadog.batch_state import BatchState
from pytest_storedog_gate.datadog.calling.endpoint import Endpoint
from pytest_storedog_gate.datadog.client import PAGE, SyntheticsClient, Triggered
from pytest_storedog_gate.datadog.details import Detail, details_from_json
from pytest_storedog_gate.datadog.models import Status
from pytest_storedog_gate.datadog.pace import NEWS, Habit
from pytest_storedog_gate.gate.selection import FEW
from tests.datadog.conftest import SimulatedTime
from tests.datadog.fake import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.datadog.fake import FakeDatadog

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

    def batch(self, batch_id: str, since: BatchState | None = None) -> BatchState:  # noqa: ARG002  # as the client has it
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


def statuses(client: Running, habits: Mapping[str, Habit] | None = None) -> set[Status]:
    batch = Batch(client, Triggered("b", {}), dict.fromkeys(client.ends, ()), habits or {})
    found = {outcome.public_id: outcome.status for outcome in batch.outcomes()}
    assert list(found) != []
    assert set(found) == set(client.ends)
    client.close()
    return set(found.values())


def usual(client: Running, factor: float = 1.0) -> dict[str, Habit]:
    return {public_id: Habit(end * factor) for public_id, end in client.ends.items()}


def theirs(seconds: float, checks: int) -> int:
    """datadog-ci's calls: settings, definitions and trigger; then batch and results every 5 s."""
    return 2 + checks + 2 * (math.ceil(seconds / 5) + 1)


def ours(client: Running) -> int:
    """The gate's calls: it has asked for definitions (up to eight one by one) and triggered."""
    checks = len(client.ends)
    return client.calls + 1 + (checks if checks <= FEW else math.ceil(checks / PAGE))


def test_an_end_is_seen_late_by_a_small_share_of_the_time_waited() -> None:
    for seconds in DURATIONS:
        client = Running(SimulatedTime(), [seconds])
        assert statuses(client) == {Status.PASSED}
        late = client.first_seen - seconds
        assert late <= 1.1 * min(max(0.55, 0.1 * seconds), 2.0) + 1e-6, f"a batch of {seconds} s"


def test_an_end_that_is_expected_is_seen_at_once() -> None:
    for seconds in DURATIONS:
        client = Running(SimulatedTime(), [seconds / 3, seconds])
        assert statuses(client, usual(client)) == {Status.PASSED}
        assert client.first_seen - seconds <= 0.35, f"a batch of {seconds} s"


@pytest.mark.parametrize("factor", [0.01, 0.5, 0.9, 1.1, 2.0, 100.0])
def test_an_end_that_is_expected_wrongly_is_seen_as_soon_as_any_long_one(factor: float) -> None:
    for seconds in DURATIONS:
        client = Running(SimulatedTime(), [seconds])
        assert statuses(client, usual(client, factor)) == {Status.PASSED}
        assert client.first_seen - seconds <= 2.2, f"a batch of {seconds} s"


@pytest.mark.parametrize(("checks", "share"), [(1, 2.0), (100, 1.0), (1000, 0.05)])
@pytest.mark.parametrize("seconds", [1.0, 8.0, 30.0])
def test_calls_beside_those_of_datadog_ci(checks: int, share: float, seconds: float) -> None:
    for ends in ([seconds] * checks, [seconds * (n + 1) / checks for n in range(checks)]):
        client = Running(SimulatedTime(), ends)
        statuses(client)
        assert ours(client) <= share * theirs(seconds, checks), ends[:2]


@pytest.mark.parametrize("seconds", [1.0, 8.0, 30.0])
def test_no_more_calls_than_datadog_ci_for_ten_checks_whose_habits_are_known(
    seconds: float,
) -> None:
    client = Running(SimulatedTime(), [seconds * (n + 1) / 10 for n in range(10)])
    statuses(client, usual(client))
    assert ours(client) <= theirs(seconds, 10)


def test_an_hour_costs_a_constant_number_of_calls() -> None:
    hours = [Running(SimulatedTime(), [3600.0 * hour]) for hour in (1, 2, 3)]
    for client in hours:
        statuses(client)
    one, two, three = (client.calls for client in hours)
    assert one <= 1830
    assert three - two == pytest.approx(two - one, rel=0.05)


def test_a_limit_on_calls_is_kept_for_the_rest_of_the_batch() -> None:
    free, limited = Running(SimulatedTime(), [60.0]), Running(SimulatedTime(), [60.0])
    for _ in range(3):
        limited.limit.refused()
    statuses(free)
    statuses(limited)
    assert limited.calls < free.calls / 2


def test_what_a_retry_waits_for_is_not_looked_for_before() -> None:
    """Nothing can end before the pause between two attempts is over."""

    class Retrying(Running):
        def _entry(self, result_id: str, end: float) -> dict[str, Any]:
            found = super()._entry(result_id, end)
            return found if found["status"] == "passed" else {**found, "retries": 0}

    looks: dict[float, list[float]] = {}
    for between in (0.0, 60.0):
        time = SimulatedTime()
        client = Retrying(time, [61.0])
        statuses(client, {"id-0000": Habit(None, between)})
        looks[between] = time.waits
    assert len(looks[60.0]) < len(looks[0.0])
    assert 61.0 <= sum(looks[60.0]) <= 61.4


def test_a_service_that_tells_the_news_is_asked_again_at_once() -> None:
    class Telling(Running):
        def batch(self, batch_id: str, since: BatchState | None = None) -> BatchState:
            self._time.now = min(end for end in self.ends.values() if end > self._time.now)
            return replace(super().batch(batch_id, since), tag="a")

    client = Telling(SimulatedTime(), [1.0, 7.0, 30.0, 31.0])
    statuses(client)
    assert client.first_seen == pytest.approx(31.0, abs=0.01)
    assert client.calls <= 8


@pytest.mark.parametrize("tag", ["a", "another each time"])
def test_a_service_that_says_that_it_waits_and_does_not_is_asked_as_any_other(tag: str) -> None:
    class Hasty(Running):
        def batch(self, batch_id: str, since: BatchState | None = None) -> BatchState:
            return replace(super().batch(batch_id, since), tag=f"{tag} {self.calls * len(tag[1:])}")

    others, hasty = Running(SimulatedTime(), [60.0]), Hasty(SimulatedTime(), [60.0])
    statuses(others)
    statuses(hasty)
    assert hasty.calls <= 1.2 * others.calls


def test_a_service_that_tells_the_news_may_limit_its_calls() -> None:
    class Telling(Running):
        def batch(self, batch_id: str, since: BatchState | None = None) -> BatchState:
            return replace(super().batch(batch_id, since), tag="a")

    client = Telling(SimulatedTime(), [number / 10 for number in range(300)])
    client.limit.told({"X-RateLimit-Remaining": "6", "X-RateLimit-Reset": "60"})
    statuses(client)
    assert client.calls <= 10


def test_why_a_check_failed_is_asked_for_at_once() -> None:
    class Failing(Running):
        def _entry(self, result_id: str, end: float) -> dict[str, Any]:
            found = super()._entry(result_id, end)
            return {**found, "status": "failed"} if found["status"] == "passed" else found

    client = Failing(SimulatedTime(), [0.1, 1.9, 60.0])
    batch = Batch(client, Triggered("b", {}), dict.fromkeys(client.ends, ()))
    outcomes = batch.outcomes()
    assert {next(outcomes).public_id, next(outcomes).public_id} == {"id-0000", "id-0001"}
    assert client._time.now <= 2.6
    client.close()


def test_details_that_must_wait_are_asked_for_later_and_once_each() -> None:
    ends = [0.1, 0.8, 3.0, 6.0, 6.1, 11.0, 12.0]
    client = Running(SimulatedTime(), ends)
    assert statuses(client) == {Status.PASSED}
    assert client.told == dict.fromkeys(client.ends, 1)


def test_thousand_results_cost_ten_times_a_hundred() -> None:
    """Calls of functions are counted, not time: the machine may be busy."""
    few, many = (_function_calls(results) for results in (100, 1000))
    assert few > 1000
    assert many < few * 10 * 1.1


def _function_calls(results: int) -> int:
    # As many questions for both: the results end over the same time.
    client = Running(SimulatedTime(), [60 * number / results for number in range(results)])
    counted = cProfile.Profile()
    counted.runcall(statuses, client)
    return sum(entry.callcount for entry in counted.getstats())


def test_no_look_is_to_be_kept_beyond_the_deadline(
    client: SyntheticsClient, datadog: FakeDatadog, time: SimulatedTime
) -> None:
    """It would be cut off there, and its batch would end as one that cannot be reached."""
    datadog.script["/ci/batch/b"] = [Answer({"data": {"status": "in_progress", "results": []}})]
    for left in (60.0, NEWS, 0.5):
        client.deadline = time.now + left
        client.batch("b")
    assert [one.headers.get("Prefer") for one in datadog.asked] == ["wait=2", None, None]
