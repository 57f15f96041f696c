"""One assertion, evaluated on what an HTTP test saw."""

from __future__ import annotations

import json
from typing import Any

from pytest_storedog_gate.local_synthetics.assertions.assertion import evaluate, unsupported
from pytest_storedog_gate.local_synthetics.kinds.common.probing import with_response_time
from pytest_storedog_gate.local_synthetics.kinds.http.check import OPERATORS
from pytest_storedog_gate.local_synthetics.kinds.http.exchange import Exchange

DISCOUNTS = [{"code": "BFRIDAY", "value": 5}, {"code": "OFF", "value": 300}]


def observed(body: Any = "hello world", **changes: Any) -> Exchange:
    text = body if isinstance(body, str) else json.dumps(body)
    facts: dict[str, Any] = {
        "status": 200,
        "headers": {"content-type": "application/json", "x-count": "7"},
        "content": text.encode(),
        "text": text,
        "timings": {"dns": 40.0, "total": 100.0},
    }
    return Exchange(**{**facts, **changes})


def result(assertion: dict[str, Any], facts: Exchange) -> dict[str, Any]:
    assert unsupported(assertion, OPERATORS) == []
    return evaluate(
        assertion, OPERATORS, with_response_time(facts, facts.actual), lambda text: text
    )


def path(json_path: str, operator: str, target: Any = None, elements: str | None = None) -> Any:
    value = {"jsonPath": json_path, "operator": operator}
    if target is not None:
        value["targetValue"] = target
    if elements:
        value["elementsOperator"] = elements
    return {"type": "body", "operator": "validatesJSONPath", "target": value}


def xpath(path: str, operator: str, target: Any = None) -> Any:
    value = {"xPath": path, "operator": operator}
    if target is not None:
        value["targetValue"] = target
    return {"type": "body", "operator": "validatesXPath", "target": value}


def schema(rules: Any, meta_schema: str | None = "draft-07") -> Any:
    text = rules if isinstance(rules, str) else json.dumps(rules)
    target = {"jsonSchema": text}
    if meta_schema:
        target["metaSchema"] = meta_schema
    return {"type": "body", "operator": "validatesJSONSchema", "target": target}
