"""One result in its batch, and how it is judged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.datadog.batch_state import BatchState, Entry
from pytest_storedog_gate.datadog.details import details_from_json
from pytest_storedog_gate.datadog.judging import Evidence, judged
from pytest_storedog_gate.datadog.models import Place

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_storedog_gate.datadog.models import Result

Json = dict[str, Any]


TRIGGERED = 1_800_000_000.0  # a Unix time, s


SECOND = 1000  # ms


FAILED_STEP = {"name": "pay", "status": "failed"}


UNTRUE = {"type": "statusCode", "operator": "is", "target": 200, "actual": 503, "valid": False}


def at(seconds: float) -> float:
    """A time that many seconds after the trigger, as a result tells it."""
    return (TRIGGERED + seconds) * SECOND


RESULT: Json = {
    "id": "9",
    "status": "passed",
    "started_at": at(5),
    "finished_at": at(6),
    "unhealthy": False,
    "timed_out": False,
    "assertions": [UNTRUE | {"actual": 200, "valid": True}],
    "steps": [{"name": "buy", "status": "passed"}, FAILED_STEP | {"allow_failure": True}],
}


DATUM: Json = {
    "id": "9",
    "attributes": {
        "result": RESULT,
        "batch": {"id": "b"},
        "device": {"id": "chrome.tablet"},
        "location": {"id": "aws:x", "name": "X (AWS)"},
    },
    "relationships": {"test": {"data": {"id": "aaa-aaa-aaa", "type": "test"}}},
}


ENTRY: Json = {
    "test_public_id": "aaa-aaa-aaa",
    "status": "passed",
    "result_id": "9",
    "location": "aws:x",
    "device": "chrome.tablet",
}


def judge(
    entry: Mapping[str, Any] = ENTRY, datum: Mapping[str, Any] = DATUM, **more: Any
) -> Result:
    read = Entry.read(entry)
    assert read is not None
    details = details_from_json({"data": [datum]})
    around = {"batch_id": "b", "triggered": TRIGGERED, "now": TRIGGERED + 10, **more}
    return judged(Evidence(read, details["9"], **around))


def result(**changes: Any) -> Json:
    """The details with other fields in their result."""
    return DATUM | {"attributes": DATUM["attributes"] | {"result": RESULT | changes}}


def attributes(**changes: Any) -> Json:
    return DATUM | {"attributes": DATUM["attributes"] | changes}


# How a batch can leave a pass without support, each with the reason that is told.
UNSUPPORTED: dict[str, tuple[Json, Json, Json, str]] = {
    "odd-entry": (
        {"retries": "x"},
        DATUM,
        {},
        "an entry of the batch cannot be read",
    ),
    "no-result": ({"result_id": None}, DATUM, {}, "the batch says passed, and names no result"),
    "no-location": (
        {"location": None},
        DATUM,
        {"asked": Place("aws:x")},
        "the batch says passed, and not at which location",
    ),
    "no-device": (
        {"device": None},
        attributes(device=None),
        {"asked": Place("aws:x", "tablet")},
        "the batch says passed, and nothing says on which device",
    ),
    "timed-out": (
        {"timed_out": True},
        DATUM,
        {},
        "the batch timed out before its result arrived",
    ),
    "unhealthy": ({}, result(unhealthy=True), {}, "it could not be run: unhealthy worker"),
    "cancelled": ({"status": "canceled"}, DATUM, {}, "it was cancelled before it had a result"),
    "skipped": (
        {"status": "skipped"},
        DATUM,
        {},
        "it was skipped, and not run: its execution rule says so",
    ),
    "earlier": (
        {"selective_rerun": {"decision": "skip", "linked_result_id": "7"}},
        DATUM,
        {},
        "it was not run: it passed in an earlier batch, which proves nothing about this one",
    ),
    "running": (
        {"status": "in_progress"},
        DATUM,
        {},
        "no result arrived in time; it was still running",
    ),
    "unknown": (
        {"status": None},
        DATUM,
        {},
        "no result arrived in time; it was left in the unknown status 'null'",
    ),
    "changed": (
        {},
        DATUM,
        {"before": frozenset({"failed", "passed"})},
        "it had ended as failed before the service called it passed",
    ),
    "never-ended": (
        {},
        DATUM,
        {"batch": BatchState("in_progress", ()), "late": True},
        "the batch never ended: results may be missing",
    ),
    "entry-with-a-failure": (
        {"failure": {"code": "DNS", "message": "a"}},
        DATUM,
        {},
        "the batch says passed, and why it failed: DNS: a",
    ),
    "entry-not-passed": (
        {"passed": False},
        DATUM,
        {},
        "the batch says passed, and why it failed: passed is false",
    ),
    "linked-to-itself": (
        {"selective_rerun": {"decision": "run", "linked_result_id": "9"}},
        DATUM,
        {},
        "it was not run: it passed in an earlier batch, which proves nothing about this one",
    ),
    "stray": (
        {},
        DATUM,
        {"batch": BatchState("passed", (), stray_failure=True)},
        "the batch holds a failed result of no test",
    ),
    "unexplained": (
        {},
        DATUM,
        {"batch": BatchState("failed", ())},
        "the batch says failed, and none of its results does",
    ),
    "shared": (
        {},
        DATUM,
        {"batch": BatchState("passed", (Entry.from_json(ENTRY), Entry.from_json(ENTRY)))},
        "the batch holds result 9 twice, which can be of one place only",
    ),
}
