"""Answers about a batch that are odd, contradictory or late cost as little as they can."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
from tests.datadog.batches import ENDED, UNKNOWN, A, B, details, entry, follow, state


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


def test_who_asks_during_a_look_keeps_nobody_from_what_it_brings(
    client: SyntheticsClient, datadog: FakeDatadog
) -> None:
    """As the batch of another target does, whose check has just ended."""
    running = entry(B, "in_progress", retries=None)
    asked: list[Status] = []

    def look() -> Answer:
        if datadog.count("/ci/batch/b") == 1:
            return state(entry(A), running, status="in_progress")
        asked.append(batch.outcome(A).status)
        return state(entry(A, "failed"), entry(B), status="failed")

    datadog.dynamic = {"/ci/batch/b": look}
    datadog.script = {
        "/ci/batch/b": [state()],
        "/poll_results": [details((f"id-{A}", {}), (f"id-{B}", {}))],
    }
    client.deadline = 60 + GRACE
    batch = Batch(client, Triggered("b", {}), {B: (), A: ()})
    yielded = {found.public_id: found.status for found in batch.outcomes()}
    assert (yielded[A], asked) == (Status.PASSED, [Status.PASSED])
    assert batch.outcome(A).status is Status.NO_VERDICT  # it is called passed and failed
