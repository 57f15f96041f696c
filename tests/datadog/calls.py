"""Each call of the client, with an answer to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_storedog_gate.datadog.client import SyntheticsClient


ID = "aaa-aaa-aaa"


CHECK = {"public_id": ID, "name": "a", "type": "api", "subtype": "http"}


SEARCH = {"tests": [CHECK], "total": 1}


SUITE = {"data": {"type": "suites", "id": "s", "attributes": {"name": "S", "tests": [CHECK]}}}


SUITES = {"data": {"attributes": {"suites": [{"public_id": "sui-tea-bcd"}], "total": 1}}}


BATCH = {"data": {"status": "passed", "results": [{"test_public_id": ID, "status": "passed"}]}}


STARTED = {"batch_id": "b-1", "locations": [{"name": "aws:x"}]}


DETAILS = {"data": [{"id": "9", "attributes": {"result": {"finished_at": 1}}}]}


CALLS: dict[str, tuple[str, Any, Callable[[SyntheticsClient], object]]] = {
    "check": (f"/tests/{ID}", CHECK, lambda client: client.check(ID)),
    "search": ("/tests/search", SEARCH, lambda client: client.search("tag:shop")),
    "suite": ("/suites/s", SUITE, lambda client: client.suite("s")),
    "suites": ("/suites/search", SUITES, lambda client: client.suites()),
    "trigger": (
        "/trigger/ci",
        STARTED,
        lambda client: client.trigger([{"public_id": ID}], batch_timeout=1),
    ),
    "batch": ("/ci/batch/b", BATCH, lambda client: client.batch("b")),
    "details": ("/poll_results", DETAILS, lambda client: client.details(["9"])),
}


every_call = pytest.mark.parametrize("call", list(CALLS))
