"""What a result says of its failure, in words that a person can act on."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pytest_storedog_gate.datadog.details import Detail, details_from_json


def read(**result: Any) -> Detail:
    datum = {"type": "result", "id": "1", "attributes": {"result": {"finished_at": 1, **result}}}
    return details_from_json({"data": [datum]})["1"]


def reason(**result: Any) -> str:
    return read(**result).reason


def unmet(**assertion: Any) -> dict[str, Any]:
    message = json.dumps([{"index": 0, "valid": False, **assertion}])
    return {"code": "INCORRECT_ASSERTION", "message": message}


@pytest.mark.parametrize(
    ("failure", "text"),
    [
        ({"code": "TIMEOUT", "message": "too slow"}, "TIMEOUT: too slow"),
        (
            unmet(type="statusCode", operator="is", target=200, actual=503),
            "statusCode: expected is 200, actual 503",
        ),
        (
            unmet(type="header", property="x-a", operator="contains", target="b", actual="c"),
            "header x-a: expected contains b, actual c",
        ),
    ],
)
def test_failure_of_an_api_check(failure: dict[str, Any], text: str) -> None:
    assert reason(status="failed", failure=failure) == text


def test_message_that_is_no_list_of_assertions_is_shown_as_it_is() -> None:
    failure = {"code": "INCORRECT_ASSERTION", "message": "not JSON"}
    assert "not JSON" in reason(status="failed", failure=failure)


def test_failing_step_of_a_browser_check_is_named() -> None:
    steps = [
        {"description": "open the shop", "status": "passed", "duration": 10},
        {
            "description": "the banner shows a code",
            "status": "failed",
            "duration": 20,
            "failure": {"code": "ASSERTION", "message": "no such element"},
        },
    ]
    text = reason(status="failed", steps=steps, failure={"code": "STEP", "message": "step failed"})
    assert "the banner shows a code" in text
    assert "no such element" in text


def test_result_without_an_end_is_not_there_yet() -> None:
    datum = {"type": "result", "id": "9", "attributes": {"result": {"id": "9"}}}
    assert not details_from_json({"data": [datum]})["9"].ended


BODY_PATH = {"jsonPath": "$.code", "operator": "is", "targetValue": "BRUNO"}
X_PATH = {"xPath": "//h1", "operator": "contains", "targetValue": "Shop"}
EVERY = {"jsonPath": "$..id", "operator": "moreThan", "targetValue": 0}


@pytest.mark.parametrize(
    ("assertion", "text"),
    [
        (
            {"type": "body", "operator": "validatesJSONPath", "target": BODY_PATH, "actual": "X"},
            "body $.code: expected is BRUNO, actual X",
        ),
        (
            {"type": "body", "operator": "validatesXPath", "target": X_PATH, "actual": None},
            "body //h1: expected contains Shop, actual null",
        ),
        (
            {
                "type": "body",
                "operator": "validatesJSONPath",
                "target": EVERY | {"elementsOperator": "everyElementMatches"},
                "actual": [1, 0],
            },
            "body $..id everyElementMatches: expected moreThan 0, actual [1, 0]",
        ),
        (
            {"type": "responseTime", "operator": "lessThan", "target": 1000, "actual": 1200.5},
            "responseTime: expected lessThan 1000, actual 1200.5",
        ),
        (
            {"type": "certificate", "operator": "isInMoreThan", "expected": 30, "actual": 2},
            "certificate: expected isInMoreThan 30, actual 2",
        ),
        (
            {"type": "body", "operator": "is", "target": "ü", "actual": "é", "errorMessage": "no"},
            "body: expected is ü, actual é (no)",
        ),
        (
            {"type": "header", "property": "x", "operator": "isUndefined", "actual": "y"},
            "header x: expected isUndefined, actual y",
        ),
        (
            {
                "type": "statusCode",
                "operator": "is",
                "target": 1,
                "actual": 2,
                "error_message": "is does not hold",
            },
            "statusCode: expected is 1, actual 2",
        ),
    ],
    ids=["json-path", "x-path", "elements", "time", "expected", "message", "absent", "plain-no"],
)
def test_each_kind_of_assertion_is_one_line(assertion: dict[str, Any], text: str) -> None:
    assert reason(status="failed", failure=unmet(**assertion)) == text


def test_only_assertions_that_do_not_hold_are_named() -> None:
    held = {"type": "statusCode", "operator": "is", "target": 200, "actual": 200, "valid": True}
    not_held = {"type": "body", "operator": "is", "target": "a", "actual": "b", "valid": False}
    failure = {"code": "INCORRECT_ASSERTION", "message": json.dumps([held, not_held, not_held])}
    line = "body: expected is a, actual b"
    assert reason(status="failed", failure=failure) == f"{line}\n{line}"


def test_long_value_is_cut_and_its_length_told() -> None:
    text = reason(
        status="failed",
        failure=unmet(type="body", operator="is", target="a", actual="b" * 5000),
    )
    assert text.endswith("b… (5000 characters)")
    assert len(text) < 400


def test_steps_of_a_multistep_check_hold_their_assertions() -> None:
    assertion = {"type": "statusCode", "operator": "is", "target": 200, "actual": 500}
    failed = {
        "name": "order",
        "subtype": "http",
        "status": "failed",
        "assertion_results": [assertion | {"valid": False}],
        "timings": {"total": 250},
        "failure": unmet(**assertion),
    }
    steps = [{"name": "log in", "status": "passed", "timings": {"total": 100}}, failed]
    found = read(status="failed", steps=steps)
    assert found.reason == "step 2, order: statusCode: expected is 200, actual 500"
    assert [(step.name, step.duration) for step in found.steps] == [
        ("log in", 0.1),
        ("order", 0.25),
    ]
    assert [(a.actual, a.valid) for a in found.steps[1].assertions] == [(500, False)]


def test_step_of_a_sub_test_is_named_and_one_that_may_fail_is_not() -> None:
    inner = {"description": "pay", "status": "failed", "failure": {"message": "no button"}}
    steps = [
        {"description": "ad", "status": "failed", "allow_failure": True},
        {"type": "playSubTest", "status": "passed", "sub_test_step_details": [inner]},
    ]
    found = read(status="failed", steps=steps)
    assert [step.name for step in found.steps] == ["ad", "playSubTest", "pay"]
    assert found.reason == "step 3, pay: no button"


@pytest.mark.parametrize(
    ("result", "usable"),
    [({}, True), ({"unhealthy": True}, False), ({"inconclusive": True}, False)],
)
def test_result_of_a_broken_worker_says_nothing_of_the_target(
    result: dict[str, Any], usable: bool
) -> None:
    assert read(status="failed", **result).usable is usable


@pytest.mark.parametrize(
    ("result", "text"),
    [
        ({"failure": "out of memory"}, "out of memory"),
        ({"failure": ["a"]}, '["a"]'),
        ({"failure": {"code": "DNS"}}, "DNS"),
        ({"failure": {"message": "gone"}}, "gone"),
        ({"failure": None}, ""),
        ({"failure": unmet() | {"message": "[" * 5000}}, "INCORRECT_ASSERTION: [["),
        ({"failure": unmet() | {"message": "[1, null]"}}, "INCORRECT_ASSERTION: [1, null]"),
        ({"steps": ["a", None]}, ""),
        ({"steps": {"a": 1}}, ""),
        ({"steps": 3}, ""),
        ({"steps": [{"status": "failed", "timings": [1], "failure": "b"}]}, "step 1, : b"),
        ({"steps": [{"status": "failed", "sub_test_step_details": "a"}]}, ""),
        ({"error": "gone"}, "gone"),
        ({"passed": False}, "passed is false"),
    ],
    ids=lambda value: None if isinstance(value, str) else repr(value)[:50],
)
def test_odd_shape_is_shown_as_far_as_it_goes(result: dict[str, Any], text: str) -> None:
    """A result that failed has failed, however little of its details can be read."""
    said = read(status="failed", **result).reason
    assert said.startswith(text)
    assert bool(said) is bool(text)


@pytest.mark.parametrize("odd", [{}, {"data": {}}, {"data": "text"}, {"data": None}])
def test_answer_without_results_is_none(odd: dict[str, Any]) -> None:
    with pytest.raises((KeyError, TypeError)):
        details_from_json(odd)


@pytest.mark.parametrize(
    ("datum", "readable"),
    [
        ({"id": "1", "attributes": {}}, True),
        ({"id": "1"}, False),
        ({"id": "1", "attributes": {"result": "text"}}, False),
        ({"id": "1", "attributes": {"result": {"id": ["1"]}}}, False),
    ],
)
def test_what_cannot_be_read_is_kept_as_that(datum: dict[str, Any], readable: bool) -> None:
    found = details_from_json({"data": [{}, None, datum]})
    assert {result_id: detail.readable for result_id, detail in found.items()} == {"1": readable}


def nested(levels: int) -> Any:
    value: Any = "x"
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(("levels", "readable"), [(40, True), (60, False), (900, False)])
def test_what_is_nested_too_deeply_for_a_report_cannot_be_read(levels: int, readable: bool) -> None:
    found = read(new=nested(levels), failure=nested(levels))
    assert (found.readable, bool(found.reason)) == (readable, readable)


# What could speak against a pass is read, or the details cannot be.
READ: dict[str, list[object]] = {
    "steps": [[]],
    "assertions": [[]],
    "started_at": [3, 1e999],
    "finished_at": [3, 1e999],
}


@pytest.mark.parametrize(
    "odd",
    [None, True, 3, 10**400, 1e999, "text", [], ["x", None], {}, {"a": [1]}],
    ids=lambda value: repr(value)[:20],
)
@pytest.mark.parametrize(
    "name",
    ["request", "timings", "steps", "failure", "assertions", "status", "started_at", "finished_at"],
)
def test_no_type_of_a_field_is_a_traceback(name: str, odd: object) -> None:
    found = read(**{name: odd})
    assert found.readable is (odd is None or odd in READ.get(name, [odd]))
    assert isinstance(found.reason, str)
    assert isinstance(found.timings, dict)


LISTS = [
    "assertions",
    "assertion_results",
    "assertionResults",
    "http_results",
    "sub_test_step_details",
    "steps",
]
STEP_FIELDS = ["name", "status", "failure", "duration", "timings", "bucket_keys", "sub_step", "id"]


@pytest.mark.parametrize("odd", [None, True, 10**400, "text", ["x"], {"a": 1}], ids=repr)
@pytest.mark.parametrize("name", [*STEP_FIELDS, *LISTS])
def test_no_type_of_a_field_of_a_step_is_a_traceback(name: str, odd: object) -> None:
    found = read(steps=[{"name": "pay", name: odd}])
    assert found.readable is (odd is None or name not in LISTS)
    assert all(isinstance(step.name, str) for step in found.steps)
    assert all(isinstance(step.duration, float) for step in found.steps)


@pytest.mark.parametrize(
    ("steps", "allowed"),
    [
        ([{"allow_failure": True}], [True]),
        ([{"allow_failure": "false"}], [False]),
        ([{"allowFailure": True}], [True]),
        ([{"allowFailure": True, "allow_failure": False}], [False]),
        ([{"allow_failure": True, "is_critical": False}], [True]),
        ([{"allow_failure": True, "is_critical": True}], [False]),
        ([{"allowFailure": True, "isCritical": True}], [False]),
        ([{"allow_failure": True, "steps": [{"is_critical": True}]}], [True, True]),
        ([{"allow_failure": True, "sub_test_step_details": [{}, {}]}, {}], [True] * 3 + [False]),
        ([{"sub_test_step_details": [{"allow_failure": True}, {}]}], [False, True, False]),
        (
            [
                {"id": "1", "allow_failure": True},
                {"id": "2", "sub_step": {"parent_step": {"id": "1"}}},
                {"id": "3", "sub_step": {"parent_step": {"id": "2"}}},
                {"id": "4", "sub_step": {"parent_step": {"id": "0"}}},
            ],
            [True, True, True, False],
        ),
    ],
    ids=[
        "own",
        "no-boolean",
        "camel",
        "both",
        "not-critical",
        "critical",
        "critical-camel",
        "inside-critical",
        "inside",
        "not-around",
        "by-id",
    ],
)
def test_what_a_step_may_do_those_in_it_may(
    steps: list[dict[str, Any]], allowed: list[bool]
) -> None:
    assert [step.allow_failure for step in read(steps=steps).steps] == allowed


def test_json_in_a_message_brings_no_lone_surrogate() -> None:
    failure = unmet(type="body", operator="is", target="a", actual="b")
    failure["message"] = failure["message"].replace('"b"', '"\\ud83d"')
    assert reason(status="failed", failure=failure) == "body: expected is a, actual ?"
