"""One test's results as the API lists and shows them, in the shapes of v1 and v2."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.local_synthetics.assertions.operators import as_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_storedog_gate.local_synthetics.definitions.definition import Json
    from pytest_storedog_gate.local_synthetics.running.results import Kept

_UNTRIGGERED, _TRIGGERED, _NO_DATA = 0, 1, 2  # states of a monitor
_RUN_TYPES = ("scheduled", "fast", "ci", "triggered")  # v1 has their numbers
_CERTIFICATE = (
    "cipher", "exponent", "ext_key_usage", "fingerprint", "fingerprint256", "issuer", "modulus",
    "protocol", "serial_number", "subject",
)  # fmt: skip
_STEP = (
    "public_id", "type", "description", "url", "value", "duration", "failure", "allow_failure",
    "is_critical", "warnings", "browser_errors", "sub_test_public_id",
)  # fmt: skip
_NAVIGATION = "goToUrlAndMeasureTti"
_NAVIGATION_ID = -1  # of the first step, which no definition holds, so that it has no ID


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
        shown |= _short_browser_result(kept)
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
    shown |= _browser_result(kept) if definition.type == "browser" else _api_result(kept)
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
    names = ("type", "operator", "property", "valid", "expected", "error_message")
    shown = _renamed(result, names)
    if "expected" in shown:
        shown["expected"] = as_text(shown["expected"])
    return {**shown, "actual": result.get("actual")}


def _certificate(shown: Json) -> Json:
    valid: Json = shown.get("valid") or {}
    dates = {"from": "validFrom", "to": "validTo"}
    return _renamed(shown, _CERTIFICATE) | {
        name: datetime.fromtimestamp(valid[key] / 1000, UTC).isoformat()
        for key, name in dates.items()
        if key in valid
    }


def _short_browser_result(kept: Kept) -> Json:
    steps: list[Json] = kept.result.get("steps") or []
    return {
        "timings": None,
        "stepCountTotal": len(steps),
        "stepCountCompleted": sum(step["status"] == "passed" for step in steps),
        "errorCount": sum(len(step["browser_errors"]) for step in steps),
        "duration": kept.result["duration"],
        "deviceId": kept.device,
        **_device(kept),
    }


def _browser_result(kept: Kept) -> Json:
    result = kept.result
    browser: Json = result.get("browser") or {}
    steps = [_step(step) for step in result.get("steps") or []]
    return {
        "duration": result["duration"],
        "startUrl": result.get("start_url"),
        "browserType": browser.get("type"),
        "browserVersion": browser.get("version"),
        "stepDetails": steps,
        "hasArtifacts": any(step["screenshotBucketKey"] for step in steps),
        **_device(kept),
    }


def _device(kept: Kept) -> Json:
    """The device; a refused test has had none."""
    device: Json | None = kept.result.get("device")
    if device is None:
        return {}
    shown = {
        "id": device["id"],
        "name": device["name"],
        **device["resolution"],
        "isMobile": device["is_mobile"],
        "browser": device["browser"]["type"],
        "userAgent": device["user_agent"],
    }
    return {"device": shown}


def _step(step: Json) -> Json:
    shown = _renamed(step, _STEP)
    if "id" in step:
        shown["stepId"] = step["id"]
    elif step["type"] == _NAVIGATION and "public_id" not in step:
        shown["stepId"] = _NAVIGATION_ID
    if "failure" in step:
        shown["error"] = step["failure"]["message"]
    if check := step.get("assertion_result", {}).get("check_type"):
        shown["checkType"] = check
    if "sub_test_step_details" in step:
        shown["subTestStepDetails"] = [_step(one) for one in step["sub_test_step_details"]]
    keys: Json = step.get("bucket_keys") or {}
    return {
        **shown,
        "skipped": step["status"] == "skipped",
        "vitalsMetrics": step.get("vitals_metrics", []),
        "screenshotBucketKey": "screenshot" in keys,
        "snapshotBucketKey": False,
    }


def _renamed(held: Json, names: Iterable[str]) -> Json:
    """Those of the names that are held, as v1 writes them: `public_id` is `publicId`."""
    return {_camel_case(name): held[name] for name in names if name in held}


def _camel_case(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))
