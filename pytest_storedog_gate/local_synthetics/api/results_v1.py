"""One test's results as the API lists and shows them, in the shapes of v1 and v2."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.local_synthetics.api.browser_results_v1 import (
    full_browser_v1,
    short_browser_v1,
)
from pytest_storedog_gate.local_synthetics.assertions.operators import as_text

if TYPE_CHECKING:
    from pytest_storedog_gate.local_synthetics.definitions.definition import Json
    from pytest_storedog_gate.local_synthetics.running.results import Kept

_UNTRIGGERED, _TRIGGERED, _NO_DATA = 0, 1, 2  # states of a monitor
_RUN_TYPES = ("scheduled", "fast", "ci", "triggered")  # v1 has their numbers
_CERTIFICATE = {
    "cipher": "cipher",
    "exponent": "exponent",
    "ext_key_usage": "extKeyUsage",
    "fingerprint": "fingerprint",
    "fingerprint256": "fingerprint256",
    "issuer": "issuer",
    "modulus": "modulus",
    "protocol": "protocol",
    "serial_number": "serialNumber",
    "subject": "subject",
}


def short_v1(kept: Kept) -> Json:
    """An entry of v1 `GET /tests/{id}/results`."""
    result = kept.result
    failure: Json = result.get("failure") or {}
    shown: Json = {
        "passed": result["status"] == "passed",
        "runType": _run_type(kept),
        "tunnel": False,
        "errorMessage": failure.get("message"),
        "timings": result["timings"],
    }
    if kept.definition.type == "browser":
        shown |= short_browser_v1(kept)
    return {**_common_v1(kept), "result": shown}


def full_v1(kept: Kept) -> Json:
    """What v1 `GET /tests/{id}/results/{result_id}` answers."""
    result, definition = kept.result, kept.definition
    failure: Json | None = result.get("failure")
    shown: dict[str, Any] = {
        "eventType": "finished",
        "passed": result["status"] == "passed",
        "runType": _run_type(kept),
        "failure": failure,
        "error": failure["message"] if failure else None,
        "inconclusive": result.get("inconclusive"),
    }
    shown |= full_browser_v1(kept) if definition.type == "browser" else _api_result(kept)
    return {
        **_common_v1(kept),
        "run_type": _run_type(kept),
        "check": {
            "type": definition.type,
            "config": definition.config,
            "options": definition.options,
        },
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
    shown = {
        "result_id": result["id"],
        "check_time": result["started_at"],
        "check_version": 1,
        "probe_dc": kept.attributes["location"]["id"],
        "status": status,
    }
    if kept.device:
        shown["device_id"] = kept.device
    return shown


def _run_type(kept: Kept) -> int:
    return _RUN_TYPES.index(kept.result["run_type"])


def _api_result(kept: Kept) -> Json:
    result = kept.result
    response: Json = result.get("response") or {}
    return {
        "subtype": kept.definition.subtype,
        "timings": result["timings"],
        "assertionResults": [_assertion(one) for one in result["assertions"]],
        "resolvedIp": result.get("resolved_ip"),
        "httpStatusCode": response.get("status_code"),
        "responseHeaders": response.get("headers"),
        "responseBody": response.get("body"),
        "responseSize": response.get("body_size"),
        "cert": _certificate(result["cert"]) if "cert" in result else None,
        "steps": result.get("steps"),
    }


def _assertion(result: Json) -> Json:
    """What came of an assertion: v1 has what was expected as a text."""
    same = ("type", "operator", "property", "valid")
    shown: Json = {key: result[key] for key in same if key in result}
    if "expected" in result:
        shown["expected"] = as_text(result["expected"])
    if "error_message" in result:
        shown["errorMessage"] = result["error_message"]
    return {**shown, "actual": result.get("actual")}


def _certificate(shown: Json) -> Json:
    valid: Json = shown.get("valid") or {}
    dates = {"from": "validFrom", "to": "validTo"}
    return {name: shown[key] for key, name in _CERTIFICATE.items() if key in shown} | {
        name: datetime.fromtimestamp(valid[key] / 1000, UTC).isoformat()
        for key, name in dates.items()
        if key in valid
    }
