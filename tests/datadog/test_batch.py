"""The batch's state machine: each check ends as passed, failed or no verdict."""

from __future__ import annotations

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
    from tests.datadog.conftest import SimulatedTime
    from tests.datadog.fake import FakeDatadog
from tests.datadog.batches import UNKNOWN, A, B, details, entry, follow, state

NOTHING = Answer({"data": []})


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
    batch = Batch(client, Triggered("b", {}), {B: (), A: ()})
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
        (entry(status="skipped", result_id=None), {}, "it was skipped"),
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
    assert time.now == pytest.approx(60 + GRACE)


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


def test_url_is_known_before_anything_is_asked(
    client: SyntheticsClient, datadog: FakeDatadog
) -> None:
    batch = Batch(client, Triggered("b", {}), {A: ()})
    assert batch.url == f"{datadog.url}/synthetics/explorer/ci?batchResultId=b"
    assert datadog.asked == []


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("api", f"{A}?resultId=id-{A}&batch_id=b&from_ci=true"),
        ("browser", f"{A}/result/id-{A}?batch_id=b&from_ci=true"),
    ],
)
def test_result_has_a_page(
    client: SyntheticsClient, datadog: FakeDatadog, kind: str, path: str
) -> None:
    datadog.script = {
        "/ci/batch/b": [state(entry(test_type=kind))],
        "/poll_results": [details((f"id-{A}", {}))],
    }
    result = follow(client, A)[A].decisive
    assert result.result_url == f"{datadog.url}/synthetics/details/{path}"


@pytest.mark.parametrize(("retries", "what"), [(0, "retry"), (1, "result")])
def test_time_out_tells_what_was_waited_for(
    client: SyntheticsClient, datadog: FakeDatadog, retries: int, what: str
) -> None:
    late = entry(status="failed", timed_out=True, retries=retries, max_retries=1)
    datadog.script = {
        "/ci/batch/b": [state(late, status="failed")],
        "/poll_results": [details((f"id-{A}", {}))],
    }
    reason = follow(client, A)[A].decisive.reason
    assert reason == f"the batch timed out before its {what} arrived"


def test_details_that_lag_behind_the_end_are_asked_for_again(
    client: SyntheticsClient, datadog: FakeDatadog
) -> None:
    failure = {"code": "TIMEOUT", "message": "too slow"}
    datadog.script = {
        "/ci/batch/b": [state(entry(status="failed"), status="failed")],
        "/poll_results": [Answer(status=404), details((f"id-{A}", {"failure": failure}))],
    }
    assert follow(client, A)[A].decisive.reason == "TIMEOUT: too slow"
    assert (datadog.count("/ci/batch/b"), datadog.count("/poll_results")) == (1, 2)


def test_pass_whose_details_never_arrive_is_a_pass(
    client: SyntheticsClient, datadog: FakeDatadog
) -> None:
    datadog.script = {"/ci/batch/b": [state(entry())], "/poll_results": [Answer(status=404)]}
    assert follow(client, A)[A].status is Status.PASSED


@pytest.mark.parametrize(("left", "waited"), [(1000.0, GRACE), (5.0, 5.0)])
def test_details_are_waited_for_a_minute_and_not_beyond_the_deadline(
    client: SyntheticsClient,
    datadog: FakeDatadog,
    time: SimulatedTime,
    left: float,
    waited: float,
) -> None:
    """Though a long batch has saved calls enough for a day."""
    running, ended = state(entry(), status="in_progress"), state(entry())
    datadog.script = {"/ci/batch/b": [*[running] * 300, ended], "/poll_results": [NOTHING]}
    client.deadline = 1e5
    batch = Batch(client, Triggered("b", {}), {A: ()})

    def last() -> Answer:
        if datadog.count("/ci/batch/b") > 300 and client.deadline == 1e5:
            client.deadline = time.now + left
        return NOTHING

    datadog.dynamic["/poll_results"] = last
    (outcome,) = batch.outcomes()
    assert outcome.status is Status.PASSED
    assert client.deadline - left < time.now <= client.deadline - left + waited


def test_failed_attempt_whose_retry_never_comes_is_no_verdict(
    client: SyntheticsClient, datadog: FakeDatadog
) -> None:
    first = entry(status="in_progress", retries=0, max_retries=1)
    datadog.script = {
        "/ci/batch/b": [state(first, status="in_progress")],
        "/poll_results": [details((f"id-{A}", {"status": "failed"}))],
    }
    outcome = follow(client, A)[A]
    assert outcome.status is Status.NO_VERDICT
    assert "no result arrived in time" in outcome.decisive.reason
    assert [attempt.status for attempt in outcome.decisive.attempts] == [Status.FAILED]


@pytest.mark.parametrize("word", UNKNOWN)
def test_result_that_still_runs_when_its_batch_has_ended_is_waited_for(
    client: SyntheticsClient, datadog: FakeDatadog, time: SimulatedTime, word: str | None
) -> None:
    running = entry(status=word, retries=None)
    datadog.script = {
        "/ci/batch/b": [state(running, entry(B)), state(entry(), entry(B))],
        "/poll_results": [details((f"id-{A}", {}), (f"id-{B}", {}))],
    }
    assert {o.status for o in follow(client, A, B).values()} == {Status.PASSED}
    datadog.script["/ci/batch/b"] = [state(running, entry(B))]
    time.now = 0
    outcomes = follow(client, A, B)
    assert (outcomes[A].status, outcomes[B].status) == (Status.NO_VERDICT, Status.PASSED)
    assert "no result arrived in time" in outcomes[A].decisive.reason
    assert time.now == pytest.approx(60 + GRACE)


def test_run_that_is_cancelled_while_details_lag_yields_nothing_more(
    client: SyntheticsClient, datadog: FakeDatadog, time: SimulatedTime
) -> None:
    def never() -> Answer:
        time.cancelled = True
        return Answer({"data": []})

    datadog.script = {"/ci/batch/b": [state(entry())], "/poll_results": [Answer()]}
    datadog.dynamic["/poll_results"] = never
    assert follow(client, A) == {}
    assert datadog.count("/poll_results") == 1


def test_failure_decides_over_no_verdict_and_no_verdict_over_a_pass(
    client: SyntheticsClient, datadog: FakeDatadog
) -> None:
    failed = entry(status="failed", result_id="1", location="aws:x")
    skipped = entry(status="skipped", result_id=None, location="aws:y")
    passed = entry(result_id="3", location="aws:z")
    others = [{**each, "test_public_id": B} for each in (skipped, passed)]
    datadog.script = {
        "/ci/batch/b": [state(passed, skipped, failed, *others, status="failed")],
        "/poll_results": [details(("1", {}), ("3", {}))],
    }
    outcomes = follow(client, A, B)
    assert (outcomes[A].status, outcomes[B].status) == (Status.FAILED, Status.NO_VERDICT)
    assert outcomes[A].decisive.result_id == "1"
    for outcome in outcomes.values():
        assert "\n" not in outcome.decisive.reason
