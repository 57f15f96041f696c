"""What a person reads of a check that failed."""

from __future__ import annotations

from pytest_storedog_gate.datadog.models import Assertion, CheckOutcome, Result, Status, Step
from pytest_storedog_gate.reports import failure_text

GOOD = Assertion("responseTime", "lessThan 1000", 21.5, valid=True)
BAD = Assertion("statusCode", "is 200", 500, valid=False)
REQUEST = {"method": "POST", "url": "http://shop.test/cart"}
RESPONSE = {"status_code": 500, "body": "no database\n" + "x" * 1000}


def text_of(status: Status, **parts: object) -> list[str]:
    result = Result("abc-def-ghi", "cart", status, "the reason", location="here", **parts)  # type: ignore[arg-type]
    return failure_text.of_check(CheckOutcome("abc-def-ghi", (result,))).split("\n")[1:]


def test_a_failed_check_tells_what_holds_and_what_it_was_answered() -> None:
    detail = {"request": REQUEST, "response": RESPONSE}
    lines = text_of(Status.FAILED, assertions=(BAD, GOOD), detail=detail)
    assert lines[:4] == [
        "failed at here:",
        "  the reason",
        "  responseTime: expected lessThan 1000 <- holds",
        "  POST http://shop.test/cart answered 500",
    ]
    assert lines[4].startswith("  body: no database xxx")
    assert lines[4].endswith("xxx... (1012 characters)")
    assert lines[5:] == ["  try it: curl -i -X POST http://shop.test/cart"]


def test_of_steps_those_that_failed_tell_it() -> None:
    steps = (
        Step("log in", Status.PASSED, assertions=(GOOD,)),
        Step("pay", Status.FAILED, assertions=(BAD, GOOD)),
    )
    parts = [{"request": REQUEST}, {"request": REQUEST, "response": {"status_code": 500}}]
    lines = text_of(Status.FAILED, steps=steps, detail={"steps": parts})
    assert lines[2:] == [
        "  responseTime: expected lessThan 1000 <- holds",
        "  step 2: POST http://shop.test/cart answered 500",
    ]


def test_without_a_verdict_nothing_is_said_to_hold() -> None:
    assert text_of(Status.NO_VERDICT, assertions=(GOOD,)) == ["no verdict at here:", "  the reason"]
