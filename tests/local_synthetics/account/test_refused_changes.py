"""Changes that cannot be made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.local_synthetics.account.changes import (
    IN_FILE,
    IN_SUITE,
    PLAYED,
    PLAYS,
    body_of,
    browser_body,
    call,
)

if TYPE_CHECKING:
    from tests.local_synthetics.support.service import (
        Json,
        Service,
        Target,
    )

GOOD = body_of("http://127.0.0.1:1")


def patch(*operations: Json) -> Json:
    return {"data": list(operations)}


@pytest.mark.parametrize(
    ("wanted", "body", "status", "named"),
    [
        ("POST /api", browser_body("http://h"), 400, "type must be api here, not browser"),
        ("POST /browser", GOOD, 400, "type must be browser here, not api"),
        ("POST /browser", browser_body("http://h", steps=[1]), 400, "steps"),
        ("POST /mobile", {**GOOD, "type": "mobile"}, 400, "'mobile' is not supported"),
        ("POST /api", {**GOOD, "locations": []}, 400, "locations"),
        ("POST /api", {**GOOD, "config": 1}, 400, "config"),
        ("POST /api", {**GOOD, "status": "gone"}, 400, "status"),
        ("POST /api", {**GOOD, "message": "********"}, 400, "secret"),
        ("POST /api", {"name": "x"}, 400, "type is missing"),
        ("POST /api", [], 400, "JSON object"),
        ("PUT /api/zzz-zzz-zzz", GOOD, 404, "not found"),
        (f"PUT /api/{IN_FILE}", {**GOOD, "subtype": "ssl"}, 400, "subtype"),
        (f"PUT /browser/{IN_FILE}", GOOD, 404, "not found"),
        ("PUT /zzz-zzz-zzz", GOOD, 404, "not found"),
        (f"PUT /{IN_FILE}", {**GOOD, "type": "browser"}, 400, "type"),
        (f"PUT /{IN_FILE}", {**GOOD, "message": "********"}, 400, "secret"),
        ("PATCH /zzz-zzz-zzz", patch({"op": "remove", "path": "/name"}), 404, "not found"),
        (f"PATCH /{IN_FILE}", {"data": []}, 400, "at least one operation"),
        (f"PATCH /{IN_FILE}", patch({"op": "addne", "path": "/x", "value": 1}), 400, "op must"),
        (f"PATCH /{IN_FILE}", patch({"op": "remove", "path": "/none"}), 400, "data[0]: remove"),
        (f"PATCH /{IN_FILE}", patch({"op": "remove", "path": "name"}), 400, "slash"),
        (f"PATCH /{IN_FILE}", patch({"op": "remove", "path": "/name"}), 400, "name is missing"),
        (f"PATCH /{IN_FILE}", patch({"op": "replace", "path": "", "value": 1}), 400, "object"),
        (
            f"PATCH /{IN_FILE}",
            patch(*[{"op": "copy", "from": "", "path": f"/x{number}"} for number in range(99)]),
            400,
            "too large",
        ),
        (
            f"PATCH /{IN_FILE}",
            patch(
                {"op": "replace", "path": "/name", "value": "x"},
                {"op": "test", "path": "/name", "value": "y"},
            ),
            400,
            "data[1]: test",
        ),
        (f"PUT /{IN_FILE}/status", {"new_status": "gone"}, 400, "live, paused"),
        ("PUT /zzz-zzz-zzz/status", {"new_status": "live"}, 404, "not found"),
        ("POST /delete", {"public_ids": [IN_FILE, "zzz-zzz-zzz"]}, 404, "not found"),
        ("POST /delete", {"public_ids": []}, 400, "at least one"),
        ("POST /delete", {"public_ids": [PLAYED]}, 400, f"test {PLAYS} plays {PLAYED}"),
        ("POST /delete", {"public_ids": [IN_SUITE]}, 400, "suite sss-sss-sss"),
        ("POST /trigger", {"tests": []}, 400, "at least one"),
        ("POST /trigger", {"tests": [{"public_id": "zzz-zzz-zzz"}]}, 400, "public IDs"),
        ("POST /trigger", {"tests": [{"public_id": IN_FILE, "startUrl": ""}]}, 400, "public IDs"),
        ("GET /zzz-zzz-zzz/results", None, 404, "not found"),
        (f"GET /{IN_FILE}/results/1", None, 404, "Result"),
        (f"GET /{IN_FILE}/results?from_ts=x", None, 400, "from_ts"),
        (f"GET /browser/{IN_FILE}", None, 404, "not found"),
        (f"GET /browser/{IN_FILE}/results", None, 404, "not found"),
    ],
)
def test_what_cannot_be_done_changes_nothing(
    shop: tuple[Target, Service], wanted: str, body: Any, status: int, named: str
) -> None:
    service = shop[1]
    before = call(service, "GET", "").json()
    method, path = wanted.split()
    answer = call(service, method, path, body)
    assert answer.status_code == status
    assert named in answer.json()["errors"][0]
    assert call(service, "GET", "").json() == before
