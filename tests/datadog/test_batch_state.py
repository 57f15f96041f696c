"""What is read of a running or ended batch: strictly where a verdict depends on it."""

from __future__ import annotations

import math
from typing import Any

import pytest

from pytest_storedog_gate.datadog.batch_state import BatchState, Entry

NEEDED = {"test_public_id": "aaa-aaa-aaa", "status": "passed"}


def entry(**more: Any) -> Entry:
    return Entry.from_json(NEEDED | more)


def test_least_that_a_result_can_say() -> None:
    found = entry()
    assert (found.name, found.execution_rule) == ("aaa-aaa-aaa", "blocking")
    assert (found.result_id, found.retries, found.duration) == ("", None, 0)
    assert (found.timed_out, found.earlier) == (False, False)


@pytest.mark.parametrize("missing", list(NEEDED))
def test_what_a_verdict_depends_on_must_be_there(missing: str) -> None:
    with pytest.raises(KeyError, match=missing):
        Entry.from_json({key: value for key, value in NEEDED.items() if key != missing})


@pytest.mark.parametrize("data", [{}, {"status": "passed"}, {"results": []}])
def test_state_needs_a_status_and_results(data: dict[str, Any]) -> None:
    with pytest.raises(KeyError):
        BatchState.from_json({"data": data})


def test_unknown_fields_are_tolerated() -> None:
    state = BatchState.from_json(
        {"data": {"status": "passed", "results": [NEEDED | {"new": 1}], "new": []}, "new": {}}
    )
    assert state.entries == (entry(),)


def test_what_an_answer_repeats_is_not_read_again() -> None:
    def told(*results: dict[str, Any]) -> dict[str, Any]:
        return {"data": {"status": "in_progress", "results": list(results)}}

    running = NEEDED | {"status": "in_progress", "retries": 1, "max_retries": 2}
    first = BatchState.from_json(told(NEEDED, running))
    second = BatchState.from_json(
        told(dict(running), NEEDED, running | {"retries": 2}), before=first
    )
    assert second.entries[0] is first.entries[1]
    assert second.entries[1] is first.entries[0]
    assert second.entries[2].retries == 2
    # What is equal in Python and not in JSON is no repetition.
    (odd,) = BatchState.from_json(told(running | {"retries": True}), before=second).entries
    assert not odd.readable


@pytest.mark.parametrize(
    ("status", "running"), [("in_progress", True), ("passed", False), ("failed", False)]
)
def test_batch_runs_until_it_says_otherwise(status: str, running: bool) -> None:
    assert BatchState.from_json({"data": {"status": status, "results": []}}).running is running
    assert entry(status=status).final is not running


@pytest.mark.parametrize(
    "result_id", ["9007199254740993", 9007199254740993], ids=["text", "number"]
)
def test_result_id_is_kept_to_its_last_digit(result_id: object) -> None:
    assert entry(result_id=result_id).result_id == "9007199254740993"


def test_duration_is_in_seconds() -> None:
    assert entry(duration=1234).duration == 1.234


@pytest.mark.parametrize(
    ("device", "device_id"),
    [
        ({"id": "chrome.laptop_large", "resolution": {"width": 1440}}, "chrome.laptop_large"),
        ("chrome.laptop_large", "chrome.laptop_large"),
        (None, ""),
    ],
)
def test_device_is_an_object_or_its_id(device: object, device_id: str) -> None:
    assert entry(device=device).device == device_id


@pytest.mark.parametrize(
    ("more", "ended"),
    [
        ({"status": "in_progress", "result_id": "1", "retries": None}, ()),
        ({"status": "in_progress", "result_id": "1", "retries": 0}, ("1",)),
        ({"result_id": "1", "retries": 0}, ("1",)),
        ({"result_id": "2", "initial_result_id": "1", "retries": 1}, ("1", "2")),
        (
            {
                "status": "in_progress",
                "result_id": "2",
                "initial_result_id": "1",
                "retries": None,
            },
            ("1",),
        ),
        ({"result_id": "1", "initial_result_id": "1"}, ("1",)),
        ({"status": "skipped"}, ()),
    ],
    ids=["first-runs", "will-be-repeated", "final", "repeated", "retry-runs", "same", "skipped"],
)
def test_attempts_that_have_ended(more: dict[str, Any], ended: tuple[str, ...]) -> None:
    assert entry(**more).ended == ended


@pytest.mark.parametrize(
    ("decision", "own", "earlier", "result_id"),
    [
        ("skip", None, True, "7"),
        ("run", None, False, ""),
        ("run", "8", False, "8"),
        ("run", "7", True, "7"),
        ("skip", 8, True, "8"),
    ],
)
def test_result_of_an_earlier_batch(
    decision: str, own: object, earlier: bool, result_id: str
) -> None:
    """What was run has a result of its own, or none."""
    rerun = {"decision": decision, "linked_result_id": "7"}
    found = entry(status="skipped", result_id=own, selective_rerun=rerun)
    assert (found.earlier, found.result_id) == (earlier, result_id)


@pytest.mark.parametrize(
    "odd", [None, [], {"a": 1}, True, 1e999, math.nan, 10**400], ids=lambda odd: repr(odd)[:20]
)
@pytest.mark.parametrize("name", ["test_name", "test_type", "duration"])
def test_what_is_only_shown_may_be_of_any_type(name: str, odd: object) -> None:
    found = entry(**{name: odd})
    assert (found.name, found.type) == ("aaa-aaa-aaa", "")
    assert math.isfinite(found.duration)


@pytest.mark.parametrize("status", ["passed", "failed", "skipped", "cancelled", "canceled"])
def test_last_words(status: str) -> None:
    assert BatchState.from_json({"data": {"status": status, "results": []}}).final
    assert entry(status=status).final


@pytest.mark.parametrize(
    ("retries", "most", "readable"),
    [
        (None, 1, True),
        (0, 0, True),
        (1, 1, True),
        (1, None, True),
        (1, "text", True),
        (2, 1, False),
        (-1, 1, False),
        (0, -1, False),
        (True, 1, False),
        (0, False, False),
    ],
)
def test_retries_are_no_more_than_there_may_be(
    retries: object, most: object, readable: bool
) -> None:
    found = Entry.read(NEEDED | {"retries": retries, "max_retries": most})
    assert found is not None
    assert found.readable is readable
