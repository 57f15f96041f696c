"""The batch's state machine: each check ends as passed, failed or no verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest

from pytest_storedog_gate.datadog.batch import GRACE, Batch
from pytest_storedog_gate.datadog.client import Triggered
from pytest_storedog_gate.datadog.models import Place, Status
from pytest_storedog_gate.errors import NoVerdict
from tests.datadog.fake import Answer

if TYPE_CHECKING:
    from pytest_storedog_gate.datadog.client import SyntheticsClient
    from pytest_storedog_gate.datadog.models import CheckOutcome
    from tests.datadog.conftest import SimulatedTime
    from tests.datadog.fake import FakeDatadog

A, B = "aaa-aaa-aaa", "bbb-bbb-bbb"
ENDED = {"finished_at": 1}
NOTHING = Answer({"data": []})
# Words that say no more than that something is to come.
UNKNOWN = ["in_progress", "pending", "queued", "null", "PASSED", "exploded", None]


def entry(public_id: str = A, status: object = "passed", **more: Any) -> dict[str, Any]:
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


def state(*entries: Any, status: object = "passed") -> Answer:
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
    batch = Batch(client, Triggered("b", {"aws:x": "X (AWS)"}), dict.fromkeys(public_ids, ()))
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


@pytest.mark.parametrize("order", [("passed", "failed"), ("failed", "passed")])
def test_failure_is_not_hidden_by_another_result_at_the_same_place(
    client: SyntheticsClient, datadog: FakeDatadog, order: tuple[str, str]
) -> None:
    both = [entry(status=status, result_id=status) for status in order]
    datadog.script = {
        "/ci/batch/b": [state(*both, status="failed")],
        "/poll_results": [details(("passed", {}), ("failed", {}))],
    }
    outcome = follow(client, A)[A]
    assert outcome.status is Status.FAILED
    assert len(outcome.results) == 2


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
    assert time.now == 60 + GRACE


@pytest.mark.parametrize("word", UNKNOWN)
def test_batch_whose_word_is_not_known_to_be_its_last_is_waited_for(
    client: SyntheticsClient, datadog: FakeDatadog, time: SimulatedTime, word: str | None
) -> None:
    datadog.script = {
        "/ci/batch/b": [state(entry(), status=word), state(entry())],
        "/poll_results": [details((f"id-{A}", {}))],
    }
    assert follow(client, A)[A].status is Status.PASSED
    datadog.script["/ci/batch/b"] = [state(entry(), status=word)]
    time.now = 0
    outcome = follow(client, A)[A]
    assert outcome.status is Status.NO_VERDICT
    assert outcome.decisive.reason == "the batch never ended: results may be missing"
    assert time.now == 60 + GRACE


@pytest.mark.parametrize(
    ("word", "other", "explained"),
    [
        ("passed", "passed", True),
        ("failed", "passed", False),
        ("failed", "skipped", False),
        ("failed", "failed", True),
        ("failed", "cancelled", True),
        ("cancelled", "passed", False),
        ("canceled", "passed", False),
        ("cancelled", "failed", False),
        ("cancelled", "canceled", True),
        ("skipped", "passed", False),
        ("skipped", "skipped", True),
    ],
)
def test_last_word_of_a_batch_is_explained_by_one_of_its_results(
    client: SyntheticsClient, datadog: FakeDatadog, word: str, other: str, explained: bool
) -> None:
    """By one of a check that the batch was triggered with."""
    datadog.script = {
        "/ci/batch/b": [state(entry(), entry(B, other), status=word)],
        "/poll_results": [details((f"id-{A}", {}), (f"id-{B}", {"status": None}))],
    }
    result = follow(client, A, B)[A].decisive
    assert result.status is (Status.PASSED if explained else Status.NO_VERDICT)
    said = word.replace("canceled", "cancelled")
    assert result.reason == (
        "" if explained else f"the batch says {said}, and none of its results does"
    )
    assert datadog.count("/ci/batch/b") == 1


def test_last_word_of_a_batch_is_not_explained_by_a_check_of_others(
    client: SyntheticsClient, datadog: FakeDatadog
) -> None:
    datadog.script = {
        "/ci/batch/b": [state(entry(), entry(B, "failed"), status="failed")],
        "/poll_results": [details((f"id-{A}", {}))],
    }
    result = follow(client, A)[A].decisive
    assert result.reason == "the batch says failed, and none of its results does"


@pytest.mark.parametrize(
    ("word", "counts"),
    [("failed", True), ("canceled", True), ("ERROR", True), ("passed", False), (None, False)],
)
def test_failed_result_of_no_test_costs_every_pass(
    client: SyntheticsClient, datadog: FakeDatadog, word: object, counts: bool
) -> None:
    datadog.script = {
        "/ci/batch/b": [state(entry(), {"status": word, "result_id": "7"})],
        "/poll_results": [details((f"id-{A}", {}))],
    }
    result = follow(client, A)[A].decisive
    assert result.reason == ("the batch holds a failed result of no test" if counts else "")


@pytest.mark.parametrize(
    ("told", "passed"),
    [("X (AWS)", True), ("aws:x", True), ("Y (AWS)", False)],
)
@pytest.mark.parametrize("as_object", [True, False])
def test_location_of_the_details_may_be_the_name_that_the_trigger_told(
    client: SyntheticsClient, datadog: FakeDatadog, told: str, passed: bool, as_object: bool
) -> None:
    location = {"id": "30005", "name": told} if as_object else told
    datum = {"id": f"id-{A}", "attributes": {"location": location, "result": ENDED}}
    datadog.script = {
        "/ci/batch/b": [state(entry())],
        "/poll_results": [Answer({"data": [datum]})],
    }
    assert (follow(client, A)[A].status is Status.PASSED) is passed


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


SHAPED = ("timings", "request")
LISTS = ("steps", "assertions")


@pytest.mark.parametrize(
    "detail",
    [
        *({name: ["x"]} for name in SHAPED),
        *({name: "x"} for name in SHAPED),
        *({name: 3} for name in SHAPED),
        *({name: {"a": "x"}} for name in SHAPED),
        *({name: None} for name in (*SHAPED, *LISTS, "failure")),
        {"failure": {}},
        {"failure": ""},
    ],
    ids=repr,
)
@pytest.mark.parametrize("status", [Status.PASSED, Status.FAILED])
def test_details_of_an_odd_shape_change_no_verdict(
    client: SyntheticsClient, datadog: FakeDatadog, status: Status, detail: dict[str, Any]
) -> None:
    datadog.script = {
        "/ci/batch/b": [state(entry(status=status.value))],
        "/poll_results": [details((f"id-{A}", detail))],
    }
    result = follow(client, A)[A].decisive
    assert result.status is status
    assert isinstance(result.detail, dict)
    assert isinstance(result.timings, dict)


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


EAST, OFFICE = "aws:eu-central-1", "pl:office-abc"


@pytest.mark.parametrize(
    ("asked", "arrived", "lost"),
    [
        ([], [(EAST, "")], []),
        ([(EAST, ""), (OFFICE, "")], [(EAST, ""), (OFFICE, "")], []),
        ([(EAST, ""), (OFFICE, "")], [(EAST, "")], [(OFFICE, "")]),
        ([(EAST, ""), (OFFICE, "")], [(OFFICE, ""), (OFFICE, "")], [(EAST, "")]),
        ([(EAST, ""), (OFFICE, "")], [], [(EAST, ""), (OFFICE, "")]),
        ([(EAST, "")], [(EAST, ""), (OFFICE, "")], []),
        ([(EAST, "")], [(EAST, "tablet")], []),
        ([(EAST, "tablet"), (EAST, "f.tablet")], [(EAST, "tablet")], [(EAST, "f.tablet")]),
        ([(EAST, "tablet")], [(EAST, "chrome.tablet")], []),
        ([(EAST, "chrome.tablet")], [(EAST, "tablet")], []),
        ([(EAST, "tablet")], [(EAST, "f.tablet")], [(EAST, "tablet")]),
        ([("", "tablet")], [(EAST, "tablet")], []),
        ([("", "tablet")], [(EAST, "f.tablet")], [("", "tablet")]),
    ],
)
def test_every_place_that_was_asked_for_needs_a_result(
    client: SyntheticsClient,
    datadog: FakeDatadog,
    asked: list[tuple[str, str]],
    arrived: list[tuple[str, str]],
    lost: list[tuple[str, str]],
) -> None:
    entries = [
        entry(result_id=str(number), location=location, device=device)
        for number, (location, device) in enumerate(arrived)
    ]
    datadog.script = {
        "/ci/batch/b": [state(*entries)],
        "/poll_results": [details(*((str(number), {}) for number in range(len(arrived))))],
    }
    batch = Batch(client, Triggered("b", {EAST: "East"}), {A: [Place(*one) for one in asked]})
    (outcome,) = batch.outcomes()
    assert outcome.status is (Status.NO_VERDICT if lost else Status.PASSED)
    missing = [result for result in outcome.results if result.status is Status.NO_VERDICT]
    assert [(one.reason, one.location, one.device) for one in missing] == [
        (
            f"no result arrived from {' on '.join(filter(None, (location, device)))}",
            "East" if location == EAST else location,
            device,
        )
        for location, device in lost
    ]


def test_device_that_only_the_details_tell_is_one(
    client: SyntheticsClient, datadog: FakeDatadog
) -> None:
    datum = {"id": f"id-{A}", "attributes": {"device": {"id": "tablet"}, "result": ENDED}}
    datadog.script = {
        "/ci/batch/b": [state(entry())],
        "/poll_results": [Answer({"data": [datum]})],
    }
    for device, status in (("tablet", Status.PASSED), ("mobile_small", Status.NO_VERDICT)):
        batch = Batch(client, Triggered("b", {}), {A: [Place("aws:x", device)]})
        (outcome,) = batch.outcomes()
        assert outcome.status is status


@pytest.mark.parametrize(
    ("left_out", "reason"),
    [
        ({"location": None}, "the batch says passed, and not at which location"),
        ({"device": None}, "the batch says passed, and nothing says on which device"),
    ],
)
def test_pass_that_does_not_say_where_it_ran_is_none(
    client: SyntheticsClient, datadog: FakeDatadog, left_out: dict[str, Any], reason: str
) -> None:
    datadog.script = {
        "/ci/batch/b": [state(entry(**{"device": "tablet", **left_out}))],
        "/poll_results": [details((f"id-{A}", {}))],
    }
    batch = Batch(client, Triggered("b", {}), {A: [Place("aws:x", "tablet")]})
    (outcome,) = batch.outcomes()
    assert [result.reason for result in outcome.results] == [reason]


def test_place_that_has_not_joined_yet_is_waited_for(
    client: SyntheticsClient, datadog: FakeDatadog
) -> None:
    late = entry(status="failed", result_id="2", location="aws:y")
    datadog.script = {
        "/ci/batch/b": [
            state(entry(), entry(B), status="in_progress"),
            state(entry(), entry(B), late, status="failed"),
        ],
        "/poll_results": [details((f"id-{A}", {}), (f"id-{B}", {}), ("2", {}))],
    }
    places = {A: [Place("aws:x"), Place("aws:y")], B: [Place("aws:x")]}
    outcomes = Batch(client, Triggered("b", {}), places).outcomes()
    assert next(outcomes).public_id == B
    assert next(outcomes).status is Status.FAILED


def test_skipped_check_is_one_result_wherever_it_was_asked_for(
    client: SyntheticsClient, datadog: FakeDatadog
) -> None:
    skipped = {"test_public_id": A, "execution_rule": "skipped", "status": "skipped"}
    datadog.script["/ci/batch/b"] = [state(skipped)]
    places = {A: [Place("aws:x"), Place("aws:y")]}
    (outcome,) = Batch(client, Triggered("b", {}), places).outcomes()
    assert [result.status for result in outcome.results] == [Status.NO_VERDICT]


def test_result_that_two_entries_have_is_none_of_either(
    client: SyntheticsClient, datadog: FakeDatadog
) -> None:
    both = [entry(result_id="1"), entry(result_id="1", location="aws:y"), entry(B)]
    datadog.script = {
        "/ci/batch/b": [state(*both)],
        "/poll_results": [details(("1", {}), (f"id-{B}", {}))],
    }
    outcomes = follow(client, A, B)
    assert [r.status for r in outcomes[A].results] == [Status.NO_VERDICT, Status.NO_VERDICT]
    assert outcomes[B].status is Status.PASSED


@pytest.mark.parametrize("order", [("passed", "failed"), ("failed", "passed")])
def test_result_that_ends_twice_says_nothing(
    client: SyntheticsClient, datadog: FakeDatadog, order: tuple[str, str]
) -> None:
    first, last = (entry(status=word) for word in order)
    datadog.script = {
        "/ci/batch/b": [state(first, status="in_progress"), state(last, status=order[1])],
        "/poll_results": [Answer({"data": []})],
    }
    result = follow(client, A)[A].decisive
    assert result.status is Status.NO_VERDICT
    assert result.reason == (f"it had ended as {order[0]} before the service called it {order[1]}")


@pytest.mark.parametrize("later", [[], [entry(result_id="2")]], ids=["gone", "replaced"])
@pytest.mark.parametrize("word", ["passed", "failed"])
def test_result_that_had_ended_does_not_go_away(
    client: SyntheticsClient, datadog: FakeDatadog, word: str, later: list[dict[str, Any]]
) -> None:
    datadog.script = {
        "/ci/batch/b": [state(entry(status=word), status="in_progress"), state(*later)],
        "/poll_results": [details((f"id-{A}", {"status": word}), ("2", {}))],
    }
    outcome = follow(client, A)[A]
    assert outcome.status is Status.NO_VERDICT
    assert outcome.decisive.reason == (
        f"it had ended as {word}, and then the batch did not hold it any more"
    )


ODD: list[Any] = [None, "text", 3, [], {}, {"test_public_id": 5, "status": "passed"}]
TYPED = ("status", "location", "result_id", "execution_rule", "device", "retries")
ODD_OF_A: list[Any] = [
    {name: value for name, value in entry().items() if name != "status"},
    *(entry() | {name: [1]} for name in TYPED),
    *(entry() | {name: {"id": {}}} for name in TYPED),
    *(entry() | {name: True} for name in TYPED[:-1]),
    entry(retries="x"),
    entry(retries=1, max_retries=0),
    entry(selective_rerun="skip"),
    entry(selective_rerun={"decision": "perhaps"}),
]


@pytest.mark.parametrize("odd", [*ODD, *ODD_OF_A], ids=repr)
def test_odd_entry_costs_its_check_alone(
    client: SyntheticsClient, datadog: FakeDatadog, odd: object
) -> None:
    datadog.script = {
        "/ci/batch/b": [state(odd, entry(B))],
        "/poll_results": [details((f"id-{B}", {}))],
    }
    outcomes = follow(client, A, B)
    assert (outcomes[A].status, outcomes[B].status) == (Status.NO_VERDICT, Status.PASSED)
    reason = outcomes[A].decisive.reason
    assert ("an entry of the batch cannot be read" in reason) is (odd in ODD_OF_A)
    assert datadog.count("/ci/batch/b") == 1


def test_odd_entry_of_a_running_batch_may_be_read_later(
    client: SyntheticsClient, datadog: FakeDatadog
) -> None:
    datadog.script = {
        "/ci/batch/b": [
            state(entry(retries="x"), entry(B), status="in_progress"),
            state(entry(), entry(B)),
        ],
        "/poll_results": [details((f"id-{A}", {}), (f"id-{B}", {}))],
    }
    assert {o.status for o in follow(client, A, B).values()} == {Status.PASSED}


ODD_DATA: list[Any] = [
    {"id": f"id-{A}"},
    *({"id": f"id-{A}", "attributes": odd} for odd in (None, "text", 3, ["x"])),
    *({"id": f"id-{A}", "attributes": {"result": odd}} for odd in ("text", 3, ["x"])),
    *(
        {"id": f"id-{A}", "attributes": {"result": ENDED | {name: odd}}}
        for name, odds in {
            "id": ([1],),
            "steps": (["x"], "x", 3, {"a": "x"}),
            "assertions": (["x"], "x", 3, {"a": "x"}),
            "finished_at": ("2026-01-01", True),
            "started_at": ("2026-01-01", True),
            "location": (3,),
        }.items()
        for odd in odds
    ),
    {"id": f"id-{A}", "type": "error", "attributes": {"result": ENDED}},
]


@pytest.mark.parametrize("odd", ODD_DATA, ids=repr)
@pytest.mark.parametrize("status", [Status.PASSED, Status.FAILED])
def test_odd_details_cost_their_check_alone(
    client: SyntheticsClient, datadog: FakeDatadog, status: Status, odd: object
) -> None:
    good = {"id": f"id-{B}", "attributes": {"result": ENDED}}
    datadog.script = {
        "/ci/batch/b": [state(entry(status=status.value), entry(B), status=status.value)],
        "/poll_results": [Answer({"data": [odd, good]})],
    }
    outcomes = follow(client, A, B)
    assert "its details cannot be read" in outcomes[A].decisive.reason
    # What failed has failed, however little can be read of it.
    assert outcomes[A].status is (Status.FAILED if status is Status.FAILED else Status.NO_VERDICT)
    assert outcomes[B].status is Status.PASSED


@pytest.mark.parametrize("odd", [None, "text", 3, [], {}, {"attributes": {"result": ENDED}}])
def test_details_of_nobody_are_passed_over(
    client: SyntheticsClient, datadog: FakeDatadog, odd: object
) -> None:
    good = {"id": f"id-{A}", "attributes": {"result": ENDED}}
    datadog.script = {
        "/ci/batch/b": [state(entry())],
        "/poll_results": [Answer({"data": [odd, good]})],
    }
    assert follow(client, A)[A].status is Status.PASSED


def test_two_details_of_one_result_say_nothing(
    client: SyntheticsClient, datadog: FakeDatadog
) -> None:
    ids = (f"id-{A}", f"id-{A}")
    both = details((ids[0], {"status": "failed"}), (ids[1], {"status": "passed"}))
    datadog.script = {"/ci/batch/b": [state(entry())], "/poll_results": [both]}
    assert follow(client, A)[A].decisive.reason == "its details cannot be read"


BAD_ANSWERS = {
    "html": Answer("<html>", headers={"Content-Type": "text/html"}),
    "null": Answer({"data": None}),
    "no-results": Answer({"data": {"status": "passed", "results": None}}),
    "no-data": Answer({}),
    "list": Answer([]),
    "key-twice": Answer('{"data": [], "data": {"status": "passed", "results": []}}'),
    "errors": Answer({"errors": ["partial"], "data": {"status": "passed", "results": [entry()]}}),
    "gzip": Answer(b"no gzip", headers={"Content-Encoding": "gzip"}),
    "cut": Answer({"data": {}}, headers={"Content-Length": "9999"}),
    "other-batch": Answer({"data": {"id": "c", "status": "passed", "results": [entry()]}}),
}


@pytest.mark.parametrize("bad", BAD_ANSWERS.values(), ids=BAD_ANSWERS)
@pytest.mark.parametrize("route", ["/ci/batch/b", "/poll_results"])
def test_bad_answer_is_asked_again_until_the_deadline(
    client: SyntheticsClient, datadog: FakeDatadog, time: SimulatedTime, route: str, bad: Answer
) -> None:
    good = {"/ci/batch/b": [state(entry())], "/poll_results": [details((f"id-{A}", {}))]}
    datadog.script = {**good, route: [bad] * 5 + good[route]}
    assert follow(client, A)[A].status is Status.PASSED
    assert datadog.count(route) == 6
    datadog.script[route] = [bad]
    time.now, time.waits = 0, []
    with pytest.raises(NoVerdict, match="something else than"):
        follow(client, A)
    assert 60 + GRACE - 45 < time.now <= 60 + GRACE
    assert max(time.waits) <= 45
