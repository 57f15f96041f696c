"""What a result says of its failure, in words that a person can act on."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pytest_storedog_gate.datadog.details import details_from_json


def reason(**result: Any) -> str:
    datum = {"type": "result", "id": "1", "attributes": {"result": {"finished_at": 1, **result}}}
    return details_from_json({"data": [datum]})["1"].reason


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
    assert details_from_json({"data": [datum]}) == {}
