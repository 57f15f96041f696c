"""Calls that change tests, and the tests that they are tried on."""

from __future__ import annotations

from typing import Any

import requests

from tests.local_synthetics.support.browser_tests import browser_test, says, step
from tests.local_synthetics.support.service import (
    DEADLINE,
    Json,
    Service,
    http_test,
    until,
)

V1 = "/api/v1/synthetics/tests"
BASIC = "Basic YW5uOmtleQ=="  # ann:key
IN_FILE, PLAYED, PLAYS, IN_SUITE = "aaa-aaa-aaa", "bbb-bbb-bbb", "ccc-ccc-ccc", "ddd-ddd-ddd"


def call(service: Service, method: str, path: str, body: Any = None) -> requests.Response:
    return requests.request(
        method, f"{service.url}{V1}{path}", json=body, headers=service.headers, timeout=DEADLINE
    )


def body_of(url: str, **changes: Any) -> Json:
    test = {**http_test(url), "message": "", **changes}
    del test["public_id"]
    return test


def run(service: Service, public_id: str) -> str:
    """The ID of a result that has ended, of a test that was triggered by hand."""
    answer = call(service, "POST", "/trigger", {"tests": [{"public_id": public_id}]}).json()
    (result,) = answer["results"]
    until(lambda: service.result(result["result_id"]).get("finished_at"), "the result")
    return str(result["result_id"])


def browser_body(url: str, **changes: Any) -> Json:
    test = {**browser_test(url, says("hello"), step("refresh")), "message": "", **changes}
    del test["public_id"]
    return test
