"""The batch's state machine: each check ends as passed, failed or no verdict."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest

from pytest_storedog_gate.datadog.batch import GRACE, Batch
from pytest_storedog_gate.datadog.client import Triggered
from pytest_storedog_gate.datadog.models import Status
from pytest_storedog_gate.errors import NoVerdict
from tests.datadog.fake import Answer

if TYPE_CHECKING:
    from pytest_storedog_gate.datadog.client import SyntheticsClient
    from pytest_storedog_gate.datadog.models import CheckOutcome
    from tests.datadog.conftest import SimulatedTime
    from tests.datadog.fake import FakeDatadog

A, B = "aaa-aaa-aaa", "bbb-bbb-bbb"


def entry(public_id: str = A, status: str = "passed", **more: Any) -> dict[str, Any]:
    return {
        "test_public_id": public_id,
        "test_name": f"check {public_id}",
        "test_type": "api",
        "result_id": f"id-{public_id}",
        "location": "aws:x",
        "status": status,
        "execution_rule": "blocking",
        "duration": 1500,
        "retries": 0,
        "max_retries": 0,
        "timed_out": False,
        **more,
    }


def state(*entries: dict[str, Any], status: str = "passed") -> Answer:
    return Answer({"data": {"status": status, "results": list(entries)}})


def details(*results: tuple[str, dict[str, Any]]) -> Answer:
    return Answer(
        {
            "data": [
                {"type": "result", "id": i, "attributes": {"result": {"finished_at": 1, **r}}}
                for i, r in results
            ]
        }
    )


def follow(client: SyntheticsClient, *public_ids: str) -> dict[str, CheckOutcome]:
    client.deadline = 60 + GRACE
    batch = Batch(client, Triggered("b", {"aws:x": "X (AWS)"}), public_ids)
    return {outcome.public_id: outcome for outcome in batch.outcomes()}


def test_passed_and_failed_with_expected_and_actual(
    client: SyntheticsClient, datadog: FakeDatadog
) -> None:
    message = (
        '[{"index":0,"operator":"is","type":"statusCode","target":200,"valid":false,"actual":503},'
        '{"index":1,"operator":"is","type":"header","property":"x","target":"y","valid":true}]'
    )
    failure = {"code": "INCORRECT_ASSERTION", "message": message}
    datadog.script = {
        "/ci/batch/b": [state(entry(A), entry(B, "failed"), status="failed")],
        "/poll_results": [
            details((f"id-{A}", {"status": "passed"}), (f"id-{B}", {"failure": failure}))
        ],
    }
    outcomes = follow(client, A, B)
    assert outcomes[A].status is Status.PASSED
    assert (outcomes[A].duration, outcomes[A].decisive.location) == (1.5, "X (AWS)")
    assert outcomes[B].status is Status.FAILED
    assert outcomes[B].decisive.reason == "statusCode: expected is 200, actual 503"


def test_results_are_reported_as_they_arrive(
    client: SyntheticsClient, datadog: FakeDatadog
) -> None:
    running = entry(B, "in_progress", retries=None)
    datadog.script = {
        "/ci/batch/b": [state(entry(A), running, status="in_progress"), state(entry(A), entry(B))],
        "/poll_results": [details((f"id-{A}", {}), (f"id-{B}", {}))],
    }
    batch = Batch(client, Triggered("b", {}), [B, A])
    outcomes = batch.outcomes()
    assert next(outcomes).public_id == A
    assert datadog.count("/ci/batch/b") == 1
    assert next(outcomes).public_id == B


def test_attempts_are_kept(client: SyntheticsClient, datadog: FakeDatadog) -> None:
    first = entry(status="in_progress", result_id="1", retries=0, max_retries=1)
    last = entry(result_id="2", initial_result_id="1", retries=1, max_retries=1)
    failure = {"code": "TIMEOUT", "message": "too slow"}
    datadog.script = {
        "/ci/batch/b": [state(first, status="in_progress"), state(last)],
        "/poll_results": [
            details(("1", {"status": "failed", "failure": failure})),
            details(("2", {"status": "passed"})),
        ],
    }
    result = follow(client, A)[A].decisive
    assert result.status is Status.PASSED
    assert [(a.result_id, a.status, a.reason) for a in result.attempts] == [
        ("1", Status.FAILED, "TIMEOUT: too slow"),
        ("2", Status.PASSED, ""),
    ]


def test_attempt_faster_than_the_polls_is_known_by_its_id(
    client: SyntheticsClient, datadog: FakeDatadog
) -> None:
    last = entry(result_id="2", initial_result_id="1", retries=1, max_retries=1)
    datadog.script = {
        "/ci/batch/b": [state(last)],
        "/poll_results": [details(("1", {"status": "failed"}), ("2", {"status": "passed"}))],
    }
    assert [a.result_id for a in follow(client, A)[A].decisive.attempts] == ["1", "2"]


@pytest.mark.parametrize(
    ("final", "detail", "reason"),
    [
        (entry(status="skipped", result_id=None), {}, "Datadog skipped it"),
        (entry(status="failed", timed_out=True), {}, "timed out"),
        (entry(), {"unhealthy": True}, "could not be run"),
        (entry(status="failed"), {"unhealthy": True}, "could not be run"),
        (entry(status="failed"), {"inconclusive": True}, "could not be run"),
        (
            entry(result_id=None, selective_rerun={"decision": "skip", "linked_result_id": "1"}),
            {},
            "it passed in an earlier batch",
        ),
        (entry(status="exploded"), {}, "unknown status 'exploded'"),
        (entry(), {"status": "failed"}, "the batch says passed, the result says 'failed'"),
    ],
    ids=[
        "skipped",
        "timed-out",
        "unhealthy-pass",
        "unhealthy-fail",
        "refused",
        "previously-passed",
        "unknown",
        "contradiction",
    ],
)
def test_no_verdict(
    client: SyntheticsClient,
    datadog: FakeDatadog,
    final: dict[str, Any],
    detail: dict[str, Any],
    reason: str,
) -> None:
    datadog.script = {
        "/ci/batch/b": [state(final)],
        "/poll_results": [details((f"id-{A}", detail))],
    }
    outcome = follow(client, A)[A]
    assert outcome.status is Status.NO_VERDICT
    assert reason in outcome.decisive.reason


def test_check_without_a_result_is_no_verdict(
    client: SyntheticsClient, datadog: FakeDatadog
) -> None:
    datadog.script = {"/ci/batch/b": [state(entry(A))], "/poll_results": [details((f"id-{A}", {}))]}
    outcome = follow(client, A, B)[B]
    assert outcome.status is Status.NO_VERDICT
    assert "holds no result of this check" in outcome.decisive.reason


def test_batch_that_never_ends_is_no_verdict(
    client: SyntheticsClient, datadog: FakeDatadog, time: SimulatedTime
) -> None:
    datadog.script["/ci/batch/b"] = [
        state(entry(status="in_progress", retries=None), status="in_progress")
    ]
    outcome = follow(client, A)[A]
    assert outcome.status is Status.NO_VERDICT
    assert "no result arrived in time" in outcome.decisive.reason
    assert time.now == 60 + GRACE


def test_failure_whose_details_never_arrive_is_still_a_failure(
    client: SyntheticsClient, datadog: FakeDatadog
) -> None:
    datadog.script = {
        "/ci/batch/b": [state(entry(status="failed"))],
        "/poll_results": [Answer(status=404)],
    }
    outcome = follow(client, A)[A]
    assert outcome.status is Status.FAILED
    assert "details never arrived" in outcome.decisive.reason
    assert datadog.count("/poll_results") < 10


def test_every_location_and_device_counts(client: SyntheticsClient, datadog: FakeDatadog) -> None:
    places = [
        entry(result_id="1", location="aws:x"),
        entry(result_id="2", location="aws:y", device={"id": "mobile_small"}),
        entry(status="failed", result_id="3", location="aws:y", device={"id": "laptop_large"}),
    ]
    datadog.script = {
        "/ci/batch/b": [state(*places, status="failed")],
        "/poll_results": [details(("1", {}), ("2", {}), ("3", {}))],
    }
    outcome = follow(client, A)[A]
    assert outcome.status is Status.FAILED
    assert [r.device for r in outcome.results] == ["", "laptop_large", "mobile_small"]
    assert outcome.decisive.device == "laptop_large"


def test_cancelled_batch_yields_nothing_more(
    client: SyntheticsClient, datadog: FakeDatadog, time: SimulatedTime
) -> None:
    time.cancelled = True
    assert follow(client, A) == {}
    assert datadog.asked == []


def test_service_that_goes_away_is_no_verdict(
    client: SyntheticsClient, datadog: FakeDatadog
) -> None:
    datadog.script["/ci/batch/b"] = [Answer({"errors": ["no"]}, 400)]
    with pytest.raises(NoVerdict, match="answered 400"):
        follow(client, A)


def test_batch_that_is_not_known_yet_is_asked_for_again(
    client: SyntheticsClient, datadog: FakeDatadog
) -> None:
    datadog.script = {
        "/ci/batch/b": [Answer(status=404), state(entry())],
        "/poll_results": [details((f"id-{A}", {}))],
    }
    assert follow(client, A)[A].status is Status.PASSED


def test_only_what_is_not_known_is_asked_for(
    client: SyntheticsClient, datadog: FakeDatadog
) -> None:
    running = entry(B, "in_progress", retries=None)
    datadog.script = {
        "/ci/batch/b": [state(entry(A), running, status="in_progress"), state(entry(A), entry(B))],
        "/poll_results": [details((f"id-{A}", {})), details((f"id-{B}", {}))],
    }
    outcomes = follow(client, A, B)
    assert {outcome.status for outcome in outcomes.values()} == {Status.PASSED}
    asked = [unquote(a.query) for a in datadog.asked if a.path.endswith("/poll_results")]
    assert asked == [f'result_ids=["id-{A}"]', f'result_ids=["id-{B}"]']


def test_result_that_joins_late_is_waited_for(
    client: SyntheticsClient, datadog: FakeDatadog
) -> None:
    late = entry(status="failed", result_id="2", location="aws:y")
    datadog.script = {
        "/ci/batch/b": [state(entry(), status="in_progress"), state(entry(), late)],
        "/poll_results": [details((f"id-{A}", {}), ("2", {"status": "failed"}))],
    }
    assert follow(client, A)[A].status is Status.FAILED


def test_passed_check_of_a_batch_that_never_ends_is_no_verdict(
    client: SyntheticsClient, datadog: FakeDatadog
) -> None:
    datadog.script = {
        "/ci/batch/b": [state(entry(), status="in_progress")],
        "/poll_results": [details((f"id-{A}", {}))],
    }
    outcome = follow(client, A)[A]
    assert outcome.status is Status.NO_VERDICT
    assert "results may be missing" in outcome.decisive.reason


@pytest.mark.parametrize("seconds", [0, 1, 4, 6, 17, 61, 100])
def test_never_more_calls_than_datadog_ci(
    client: SyntheticsClient, datadog: FakeDatadog, time: SimulatedTime, seconds: int
) -> None:
    """datadog-ci asks for its settings, then every 5 s for the batch and for results."""

    def batch() -> Answer:
        if time.now >= seconds:
            return state(entry())
        return state(entry(status="in_progress", retries=None), status="in_progress")

    datadog.dynamic["/ci/batch/b"] = batch
    datadog.script["/poll_results"] = [details((f"id-{A}", {}))]
    assert follow(client, A)[A].status is Status.PASSED
    cycles = math.ceil(seconds / 5)
    assert client.calls <= 1 + 2 * (cycles + 1)


def test_thousand_results_are_asked_for_once_each(
    client: SyntheticsClient, datadog: FakeDatadog
) -> None:
    ids = [f"a{n:02}-aaa-{m:03}" for n in range(10) for m in range(100)]
    datadog.script = {
        "/ci/batch/b": [state(*(entry(p) for p in ids))],
        "/poll_results": [details(*((f"id-{p}", {}) for p in ids))],
    }
    outcomes = follow(client, *ids)
    assert len(outcomes) == 1000
    assert {outcome.status for outcome in outcomes.values()} == {Status.PASSED}
    assert client.calls == 2
