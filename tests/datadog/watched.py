"""Monitors, evaluations of deployment gates, and one check beside, as Datadog answers them."""

from __future__ import annotations

import time
from typing import Any

from tests.datadog.fake import Answer

MONITOR = 12345678
EVALUATION = "e9d2f04f-4f4b-494b-86e5-52f03e10c8e9"
PAGE = "https://app.datadoghq.com/ci/deployment-gates/evaluations?query=x"


def monitor(overall_state: object = "OK", **more: Any) -> Answer:
    """One monitor; what Datadog tells beside is left out."""
    return Answer(
        {
            "id": MONITOR,
            "name": "Errors of the shop",
            "type": "query alert",
            "overall_state": overall_state,
            "options": {"silenced": {}},
            "state": {"groups": {}},
            **more,
        }
    )


GROUP = {"groups": {"env:prod": {"name": "env:prod", "status": "Alert"}}}
ALERT = monitor("Alert", state=GROUP)


def found(*ids: int, total: int | None = None) -> Answer:
    """What a search finds."""
    more = {"page": 0, "per_page": 50, "total_count": len(ids) if total is None else total}
    return Answer({"monitors": [{"id": number} for number in ids], "metadata": more})


def rule(status: str = "pass", **more: Any) -> dict[str, Any]:
    reason = "One or more monitors in ALERT state"
    return {"name": "Check service monitors", "status": status, "reason": reason, **more}


def evaluation(status: object, *rules: dict[str, Any], **more: Any) -> Answer:
    """One evaluation as it stands."""
    said = {
        "dry_run": False,
        "evaluation_id": EVALUATION,
        "evaluation_url": PAGE,
        "gate_status": status,
        "rules": list(rules or [rule()]),
        **more,
    }
    return Answer({"data": {"id": EVALUATION, "attributes": said}})


def begun() -> Answer:
    said = {"evaluation_id": EVALUATION}
    return Answer({"data": {"id": "1", "attributes": said}}, 202)


def passing(public_id: str) -> dict[str, list[Answer]]:
    """The script of a run whose one check passes."""
    test: dict[str, Any] = {
        "public_id": public_id,
        "name": "a check",
        "type": "api",
        "subtype": "http",
        "locations": ["aws:x"],
        "options": {},
    }
    entry = {
        "test_public_id": public_id,
        "test_name": "a check",
        "test_type": "api",
        "result_id": "91",
        "location": "aws:x",
        "status": "passed",
        "execution_rule": "blocking",
        "duration": 100,
        "retries": 0,
        "max_retries": 0,
        "timed_out": False,
    }
    result = {"id": "91", "status": "passed", "finished_at": int(time.time() * 1000)}
    detail = {
        "type": "result",
        "id": "91",
        "attributes": {"test_type": "api", "result": result},
        "relationships": {"test": {"data": {"type": "test", "id": public_id}}},
    }
    return {
        f"/tests/{public_id}": [Answer(test)],
        "/trigger/ci": [Answer({"batch_id": "b-1", "locations": []})],
        "/ci/batch/b-1": [Answer({"data": {"status": "passed", "results": [entry]}})],
        "/poll_results": [Answer({"data": [detail]})],
    }
