"""One test's results as the API lists and shows them, in the shapes of v1 and v2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_storedog_gate.local_synthetics.definitions import Json
    from pytest_storedog_gate.local_synthetics.results import Kept

_UNTRIGGERED, _TRIGGERED, _NO_DATA = 0, 1, 2  # states of a monitor


def short_v1(kept: Kept) -> Json:
    """An entry of v1 `GET /tests/{id}/results`."""
    result = kept.result
    shown: Json = {"passed": result["status"] == "passed", "timings": result["timings"]}
    return {**_common_v1(kept), "result": shown}


def full_v1(kept: Kept) -> Json:
    """What v1 `GET /tests/{id}/results/{result_id}` answers."""
    result = kept.result
    response: Json = result.get("response") or {}
    shown: dict[str, Any] = {
        "eventType": "finished",
        "passed": result["status"] == "passed",
        "timings": result["timings"],
        "assertionResults": result["assertions"],
        "httpStatusCode": response.get("status_code"),
        "responseHeaders": response.get("headers"),
        "responseBody": response.get("body"),
        "responseSize": response.get("body_size"),
        "failure": result.get("failure"),
        "inconclusive": result.get("inconclusive"),
        "steps": result.get("steps"),
    }
    return {
        **_common_v1(kept),
        "check": {"type": kept.definition.type, "config": kept.definition.config},
        "result": {key: value for key, value in shown.items() if value is not None},
    }


def summary_v2(kept: Kept) -> Json:
    """An entry of v2 `GET /tests/{id}/results`."""
    result, attributes = kept.result, kept.attributes
    names = ("test_type", "test_sub_type", "location", "device")
    shown = {key: attributes[key] for key in names if attributes.get(key)}
    shown |= {key: result[key] for key in ("started_at", "finished_at", "run_type", "status")}
    test = {"data": {"id": kept.definition.public_id, "type": "test"}}
    return {
        "type": "result_summary",
        "id": result["id"],
        "attributes": shown,
        "relationships": {"test": test},
    }


def _common_v1(kept: Kept) -> Json:
    result = kept.result
    if result.get("inconclusive"):
        status = _NO_DATA
    else:
        status = _UNTRIGGERED if result["status"] == "passed" else _TRIGGERED
    return {
        "result_id": result["id"],
        "check_time": result["started_at"],
        "check_version": 1,
        "probe_dc": kept.attributes["location"]["id"],
        "status": status,
    }
