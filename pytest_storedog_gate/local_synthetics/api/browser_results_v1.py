"""What v1 shows of a browser test's result beside what it shows of any."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_storedog_gate.local_synthetics.definitions.definition import Json
    from pytest_storedog_gate.local_synthetics.running.results import Kept

_NAVIGATION = "goToUrlAndMeasureTti"
_NAVIGATION_ID = -1  # of the first step, which no definition holds, so that it has no ID
_STEP = {
    "public_id": "publicId",
    "type": "type",
    "description": "description",
    "url": "url",
    "value": "value",
    "duration": "duration",
    "failure": "failure",
    "allow_failure": "allowFailure",
    "is_critical": "isCritical",
    "warnings": "warnings",
    "browser_errors": "browserErrors",
    "sub_test_public_id": "subTestPublicId",
}


def short_browser_v1(kept: Kept) -> Json:
    """What an entry of `GET /tests/browser/{id}/results` has in its `result`."""
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


def full_browser_v1(kept: Kept) -> Json:
    """What `GET /tests/browser/{id}/results/{result_id}` has in its `result`."""
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
    shown: dict[str, Any] = {name: step[key] for key, name in _STEP.items() if key in step}
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
