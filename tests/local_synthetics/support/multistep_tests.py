"""Multistep tests, and their steps."""

from __future__ import annotations

import itertools
from typing import Any

from tests.local_synthetics.support.service import (
    http_test,
)

OK = {"type": "statusCode", "operator": "is", "target": 200}
_numbers = itertools.count(1)


def step(url: str, *assertions: Any, request: Any = None, **flow: Any) -> dict[str, Any]:
    return {
        "id": f"s{next(_numbers)}",
        "subtype": "http",
        "name": f"GET {url.rpartition('/')[2] or 'root'}",
        "request": {"method": "GET", "url": url, **(request or {})},
        "assertions": list(assertions) or [OK],
        **flow,
    }


def multi(*steps: dict[str, Any], **config: Any) -> dict[str, Any]:
    definition = http_test("unused")
    return {**definition, "subtype": "multi", "config": {"steps": list(steps), **config}}


def extracted(kind: str, parser: str, rule: str | None = None, **more: Any) -> dict[str, Any]:
    value = {"type": parser} if rule is None else {"type": parser, "value": rule}
    return {"name": "CODE", "type": kind, "parser": value, **more}


def statuses(result: dict[str, Any]) -> list[str]:
    return [one["status"] for one in result["steps"]]


def tail(seconds: float) -> dict[str, Any]:
    return {"subtype": "wait", "name": "Wait", "value": seconds}
