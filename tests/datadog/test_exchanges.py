"""What a failed check shows of requests and answers, whatever its details are."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_storedog_gate.datadog.details import Detail
from pytest_storedog_gate.datadog.exchanges import of_failures
from pytest_storedog_gate.datadog.models import Result, Status
from tests.foreign_text import harmless
from tests.fuzzing.profile import examples

URL = "http://shop.test/cart"
GET = {"method": "GET", "url": URL}


def shown(result: dict[str, Any]) -> list[str]:
    detail = Detail.from_json({"type": "result", "attributes": {"result": result}})
    found = Result("abc-def-ghi", "cart", Status.FAILED, "", steps=detail.steps, detail=detail.data)
    return [*of_failures(found)]


def step(status: str = "failed", **more: Any) -> dict[str, Any]:
    return {"name": "a step", "status": status, **more}


@pytest.mark.parametrize(
    ("result", "lines"),
    [
        ({}, []),
        ({"request": GET}, [f"asked GET {URL}"]),
        ({"request": GET, "response": {"status_code": 404}}, [f"GET {URL} answered 404"]),
        (
            {"request": GET, "response": {"status_code": 500, "body": " a\n\x1b[1mb "}},
            [f"GET {URL} answered 500", r"body: a \x1b[1mb"],
        ),
        (
            {"request": GET, "response": {"status_code": 200, "body": "\n"}},
            [f"GET {URL} answered 200", "the body is empty"],
        ),
        ({"request": {"host": "db.test", "port": 5432}}, ["asked db.test:5432"]),
        ({"request": {"host": "db.test", "port": "5432"}}, ["asked db.test:5432"]),
        ({"request": {"host": "shop.test"}}, ["asked shop.test"]),
        (
            {"request": {"url": "ws://shop.test"}, "response": {"message": "no"}},
            ["asked ws://shop.test", "message: no"],
        ),
        ({"steps": [step("passed", request=GET), step(url=URL)]}, [f"step 2: on the page {URL}"]),
        ({"steps": [step(request=GET, allow_failure=True)]}, []),
        (
            {"steps": [step("passed"), step(steps=[step("passed"), step(request=GET)]), step()]},
            [f"step 4: asked GET {URL}"],
        ),
        (
            {"steps": [step(url=URL, api_test={"request": GET, "response": {"status_code": 500}})]},
            [f"step 1: on the page {URL}", f"step 1: GET {URL} answered 500"],
        ),
    ],
)
def test_the_request_and_the_answer_are_shown(result: dict[str, Any], lines: list[str]) -> None:
    assert shown(result) == lines


_KEYS = st.sampled_from(
    ["request", "response", "url", "method", "host", "port", "body", "status_code", "steps"]
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=4),
)


@examples(100)
@given(st.dictionaries(_KEYS, _JSON))
def test_details_of_any_shape_give_harmless_lines(result: dict[str, Any]) -> None:
    lines = shown(result)
    assert all(harmless(one) and len(one) < 600 for one in lines)
