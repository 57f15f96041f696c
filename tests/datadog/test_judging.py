"""What speaks against a result, one way at a time."""

from __future__ import annotations

import pytest

from pytest_storedog_gate.datadog import judging
from pytest_storedog_gate.datadog.models import Place, Status
from tests.datadog.results import (
    DATUM,
    ENTRY,
    FAILED_STEP,
    RESULT,
    TRIGGERED,
    UNSUPPORTED,
    UNTRUE,
    Json,
    at,
    attributes,
    judge,
    result,
)

SAID = "the batch says passed, the result "


ELSEWHERE = "the batch says that it ran at aws:x on chrome.tablet, its details say"


CONTRADICTIONS: dict[str, tuple[Json, str]] = {
    "failed": (result(status="failed"), SAID + "says 'failed'"),
    "other-word": (result(status="no_data"), SAID + "says 'no_data'"),
    "no-word": (result(status=["passed"]), SAID + "says '[\"passed\"]'"),
    "empty-word": (result(status=""), SAID + "says ''"),
    "failure": (
        result(failure={"code": "DNS", "message": "a"}),
        SAID + "says why it failed: DNS: a",
    ),
    "failure-text": (result(failure="text"), SAID + "says why it failed: text"),
    "failure-list": (result(failure=[0]), SAID + "says why it failed: [0]"),
    "failure-that-says-nothing": (
        result(failure={"code": None}),
        SAID + 'says why it failed: {"code": null}',
    ),
    "step": (result(steps=[{}, FAILED_STEP]), SAID + "holds a failed step 2, pay: failed"),
    "step-with-a-failure": (
        result(steps=[{"name": "pay", "status": "passed", "failure": "a"}]),
        SAID + "holds a failed step 1, pay: a",
    ),
    "step-in-a-step": (
        result(steps=[{"status": "passed", "sub_test_step_details": [FAILED_STEP]}]),
        SAID + "holds a failed step 2, pay: failed",
    ),
    "step-that-may-not-quite-fail": (
        result(steps=[FAILED_STEP | {"allow_failure": "yes"}]),
        SAID + "holds a failed step 1, pay: failed",
    ),
    "assertion": (
        result(assertions=[UNTRUE]),
        SAID + "holds an assertion that is not true: statusCode: expected is 200, actual 503",
    ),
    "assertion-neither-nor": (
        result(assertions=[UNTRUE | {"valid": None}]),
        SAID + "holds an assertion that is not true: statusCode: expected is 200, actual 503",
    ),
    "assertion-results": (
        result(assertion_results=[UNTRUE]),
        SAID + "holds an assertion that is not true: statusCode: expected is 200, actual 503",
    ),
    **{
        f"{name}-of-a-step": (
            result(steps=[{"name": "pay", "status": "passed", name: [UNTRUE]}]),
            SAID + "holds a failed step 1, pay: statusCode: expected is 200, actual 503",
        )
        for name in ("assertions", "assertion_results", "http_results")
    },
    "passed-is-false": (
        result(status=None, passed=False),
        SAID + "says why it failed: passed is false",
    ),
    **{
        name: (result(**{name: value}), SAID + f"says why it failed: {text}")
        for name, value, text in (
            ("error", "gone", "gone"),
            ("errors", ["gone"], '["gone"]'),
            ("error_code", "DNS", "DNS"),
            ("errorCode", 5, "5"),
            ("error_message", "gone", "gone"),
            ("errorMessage", {"message": "gone"}, "gone"),
        )
    },
    "status-outside": (attributes(status="failed"), SAID + "says 'failed'"),
    **{
        f"step-{word}": (
            result(steps=[{"name": "pay", "status": word}]),
            SAID + f"holds a failed step 1, pay: {why}",
        )
        for word, why in (
            ("FAILED", "failed"),
            ("error", "its status is 'error'"),
            ("crashed", "its status is 'crashed'"),
            (False, "its status is 'false'"),
        )
    },
    "step-not-passed": (
        result(steps=[{"name": "pay", "passed": False}]),
        SAID + "holds a failed step 1, pay: passed is false",
    ),
    "step-with-an-error": (
        result(steps=[{"name": "pay", "status": "passed", "error": "a"}]),
        SAID + "holds a failed step 1, pay: a",
    ),
    "step-in-steps": (
        result(steps=[{"status": "passed", "steps": [FAILED_STEP]}]),
        SAID + "holds a failed step 2, pay: failed",
    ),
    "critical-step": (
        result(steps=[FAILED_STEP | {"allow_failure": True, "is_critical": True}]),
        SAID + "holds a failed step 1, pay: failed",
    ),
    "assertionResults": (
        result(assertionResults=[UNTRUE]),
        SAID + "holds an assertion that is not true: statusCode: expected is 200, actual 503",
    ),
    "scheduled": (
        result(run_type="Scheduled"),
        "its details are those of a scheduled run, which no batch started",
    ),
    "another-batch-related": (
        DATUM | {"relationships": {"batch": {"data": {"id": "c"}}}},
        "its details are those of batch c",
    ),
    "another-location-in-the-result": (
        result(location="aws:y"),
        f"{ELSEWHERE} aws:y on chrome.tablet",
    ),
    "another-location-text": (
        attributes(location="aws:y"),
        f"{ELSEWHERE} aws:y on chrome.tablet",
    ),
    "began-long-before": (
        result(started_at=at(-601)),
        SAID + "began 601 s before the batch was triggered",
    ),
    "timed-out": (result(timed_out=True), SAID + "says that it timed out"),
    "another-result": (result(id="8"), "its details are those of result 8"),
    "another-result-number": (result(id=8), "its details are those of result 8"),
    "another-test": (
        DATUM | {"relationships": {"test": {"data": {"id": "bbb-bbb-bbb"}}}},
        "its details are those of the test bbb-bbb-bbb",
    ),
    "another-test-in-attributes": (
        attributes(test={"id": "bbb-bbb-bbb"}),
        "its details are those of the test bbb-bbb-bbb",
    ),
    "another-batch": (attributes(batch={"id": "c"}), "its details are those of batch c"),
    "another-batch-id": (attributes(batch_id="c"), "its details are those of batch c"),
    "another-batch-in-the-result": (result(batch_id="c"), "its details are those of batch c"),
    "another-device": (
        attributes(device={"id": "firefox.tablet"}),
        f"{ELSEWHERE} aws:x on firefox.tablet",
    ),
    "another-location": (
        attributes(location={"id": "aws:y"}),
        f"{ELSEWHERE} aws:y on chrome.tablet",
    ),
    "backwards": (result(started_at=at(7)), SAID + "ended before it began"),
    "too-old": (
        result(started_at=at(-700), finished_at=at(-601)),
        SAID + "ended 601 s before the batch was triggered",
    ),
    "very-old": (
        result(started_at=None, finished_at=at(-450 * 86_400)),
        SAID + "ended 38880000 s before the batch was triggered",
    ),
    "to-come": (result(finished_at=at(10 + 601)), SAID + "ends 601 s from now"),
    "in-a-million-years": (result(finished_at=1e999), SAID + "ends inf s from now"),
    "unreadable": (DATUM | {"attributes": None}, "its details cannot be read"),
}


def test_result_that_nothing_speaks_against_has_passed() -> None:
    found = judge(asked=Place("aws:x", "tablet"), before=frozenset({"passed"}))
    assert (found.status, found.reason) == (Status.PASSED, "")
    assert (found.location, found.device) == ("aws:x", "chrome.tablet")


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_pass_that_its_details_contradict_is_none(name: str) -> None:
    datum, reason = CONTRADICTIONS[name]
    found = judge(datum=datum)
    assert (found.status, found.reason) == (Status.NO_VERDICT, reason)


@pytest.mark.parametrize("name", [name for name in CONTRADICTIONS if name != "failed"])
def test_failure_is_one_whatever_its_details_say_but_that_it_passed(name: str) -> None:
    datum, reason = CONTRADICTIONS[name]
    attributes_of = datum["attributes"]
    if attributes_of is not None and attributes_of["result"]["status"] == "passed":
        failed = attributes_of["result"] | {"status": "failed"}
        datum = datum | {"attributes": attributes_of | {"result": failed}}
    found = judge(ENTRY | {"status": "failed"}, datum)
    assert found.status is Status.FAILED
    if reason.startswith("its details"):
        # And what they say of another result is not said of this one.
        assert found.reason == f"failed; {reason}"
        assert (found.steps, found.detail) == ((), {})


def test_failure_whose_details_say_passed_is_none() -> None:
    found = judge(ENTRY | {"status": "failed"})
    assert found.status is Status.NO_VERDICT
    assert found.reason == "the batch says failed, the result says 'passed'"


HARMLESS: dict[str, Json] = {
    "no-end": result(finished_at=None),
    "other-units": result(started_at=TRIGGERED + 5, finished_at=TRIGGERED + 6),
    "a-one": result(started_at=2, finished_at=1),
    "zero-errors": result(error=None, errors=[], error_code=0, errorMessage="", passed=True),
    "run-type": result(run_type="CI"),
    "warnings-of-a-step": result(
        steps=[{"status": "PASSED", "warnings": ["a"], "browser_errors": [{"type": "network"}]}]
    ),
    "step-that-was-not-run": result(steps=[{"status": word} for word in ("skipped", "", None)]),
    "lists-that-are-none": result(steps=None, assertions=None),
    "same-status-outside": attributes(status="passed"),
    "same-location": result(location="aws:x"),
    "older-than-anything-kept": result(started_at=at(0), finished_at=at(-457 * 86_400)),
    "clocks-behind": result(started_at=at(-600), finished_at=at(-599)),
    "clocks-before": result(finished_at=at(609)),
    "instant": result(started_at=at(6)),
    "no-ids": {"id": "9", "attributes": {"result": RESULT | {"id": None}}},
    "number-of-a-location": attributes(location={"id": "30005"}),
    "bare-device": attributes(device="tablet"),
    "no-word": result(status=None),
    "assertion-of-the-definition": result(steps=[{"assertions": [{"type": "statusCode"}]}]),
    "allowed-step-with-an-assertion": result(
        steps=[FAILED_STEP | {"allow_failure": True, "failure": "a", "assertions": [UNTRUE]}]
    ),
    "step-in-an-allowed-step": result(
        steps=[{"allow_failure": True, "sub_test_step_details": [FAILED_STEP]}]
    ),
    "retries-of-a-step": result(steps=[{"status": "passed", "retries": [FAILED_STEP]}]),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_what_contradicts_nothing(name: str) -> None:
    assert judge(datum=HARMLESS[name]).reason == ""


TABLES = ("_NO_RESULT", "_NOT_ITS_OWN", "_NOT_FAILED", "_NOT_PROVED", "_CONTRADICTED")


@pytest.mark.parametrize(
    ("table", "number"),
    [(table, number) for table in TABLES for number in range(len(getattr(judging, table)))],
)
def test_no_rule_can_be_left_out(monkeypatch: pytest.MonkeyPatch, table: str, number: int) -> None:
    """Without it one of the cases above would be something else."""
    rules = [*getattr(judging, table).items()]
    monkeypatch.setattr(judging, table, dict(rules[:number] + rules[number + 1 :]))
    cases = [
        ({"status": "failed"}, DATUM, {}, "the batch says failed, the result says 'passed'"),
        *(({}, datum, {}, reason) for datum, reason in CONTRADICTIONS.values()),
        *UNSUPPORTED.values(),
    ]
    assert any(
        judge(ENTRY | entry, datum, **more).reason != reason for entry, datum, more, reason in cases
    )
