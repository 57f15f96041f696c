"""Assertions on an HTTP answer: `statusCode`, `header`, `body` and `responseTime`.

Every assertion needs a value to hold on: an absent header, a JSONPath that selects nothing or a
body that is not JSON fails, whatever the operator, except that `isUndefined` and `doesNotExist`
ask for just that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.local_synthetics import strict_json
from pytest_storedog_gate.local_synthetics.comparison import (
    ABSENCE,
    COMPARISONS,
    NUMERIC,
    PATTERNS,
    NotComparable,
    as_text,
    number,
)
from pytest_storedog_gate.local_synthetics.failures import InvalidTest
from pytest_storedog_gate.local_synthetics.json_paths import (
    ELEMENTS_OPERATORS,
    FIRST,
    compile_path,
    select,
    why_not,
)
from pytest_storedog_gate.local_synthetics.regexes import compile_javascript
from pytest_storedog_gate.local_synthetics.variables import has_placeholder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_storedog_gate.local_synthetics.definitions import Json

_JSON_PATH = "validatesJSONPath"
_OPERATORS: Mapping[str, frozenset[str]] = {
    "statusCode": frozenset(COMPARISONS),
    "header": frozenset(COMPARISONS) | ABSENCE,
    "body": frozenset(COMPARISONS) | {_JSON_PATH},
    "responseTime": NUMERIC | {"is", "isNot"},
}


@dataclass(frozen=True)
class Observed:
    """What assertions look at. Times in ms; header names in lower case."""

    status_code: int
    headers: Mapping[str, str]
    body: str
    timings: Mapping[str, float]


class _Unmet(Exception):
    """The assertion does not hold, for the reason in the text."""

    def __init__(self, reason: str, actual: Any = None) -> None:
        super().__init__(reason)
        self.actual = actual


def unsupported(assertion: Json) -> list[str]:
    """Name what in an assertion could not be evaluated; an empty list: nothing."""
    kind, operator = str(assertion.get("type")), str(assertion.get("operator"))
    if kind not in _OPERATORS:
        return [f"type {kind!r} is not supported"]
    if operator not in _OPERATORS[kind]:
        return [f"operator {operator!r} is not supported for {kind}"]
    problems = []
    if kind == "header" and not isinstance(assertion.get("property"), str):
        problems.append("property must name the header")
    if assertion.get("timingsScope", "all") not in {"all", "withoutDNS"}:
        problems.append(f"timingsScope {assertion['timingsScope']!r} is not supported")
    if operator == _JSON_PATH:
        return problems + _unsupported_path(assertion.get("target"))
    if operator in ABSENCE:
        return problems
    return problems + _unsupported_target(operator, assertion.get("target"), "target")


def evaluate(assertion: Json, observed: Observed, fill: Callable[[str], str]) -> Json:
    """Evaluate one assertion; the answer is a v2 assertion result.

    Raises InvalidTest when a variable has no value or makes the assertion meaningless.
    """
    filled = _filled(assertion, fill)
    if problems := unsupported(filled):
        raise InvalidTest(f"assertion on {filled.get('type')}: {'; '.join(problems)}")
    result = {
        key: filled[key]
        for key in ("type", "operator", "property", "target", "timingsScope")
        if key in filled
    }
    if filled["operator"] == _JSON_PATH:
        target = filled["target"]
        result["expected"] = target.get("targetValue")
        result["target_path"] = target["jsonPath"]
        result["target_path_operator"] = target["operator"]
    else:
        result["expected"] = filled.get("target")
    try:
        actual = _actual_when_met(filled, observed)
    except _Unmet as unmet:
        return {**result, "valid": False, "actual": unmet.actual, "error_message": str(unmet)}
    return {**result, "valid": True, "actual": actual}


def _unsupported_target(operator: str, target: Any, name: str) -> list[str]:
    if not isinstance(target, str | int | float):
        return [f"{name} must be a string or a number"]
    if isinstance(target, str) and has_placeholder(target):
        return []  # looked at again when the variables have their values
    if operator in NUMERIC and number(target) is None:
        return [f"{name} {target!r} is not a number"]
    if operator in PATTERNS:
        try:
            compile_javascript(as_text(target))
        except ValueError as error:
            return [str(error)]
    return []


def _unsupported_path(target: Any) -> list[str]:
    if not isinstance(target, dict) or not isinstance(target.get("jsonPath"), str):
        return ["target.jsonPath must be a string"]
    operator, elements = str(target.get("operator")), target.get("elementsOperator", FIRST)
    problems = []
    if elements not in ELEMENTS_OPERATORS:
        problems.append(f"elementsOperator {elements!r} is not supported")
    if not has_placeholder(target["jsonPath"]):
        try:
            compile_path(target["jsonPath"])
        except ValueError as error:
            problems.append(str(error))
    if operator in ABSENCE:
        return problems
    if operator not in COMPARISONS:
        return [*problems, f"operator {operator!r} is not supported for a JSONPath"]
    return problems + _unsupported_target(operator, target.get("targetValue"), "targetValue")


def _filled(value: Any, fill: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return fill(value)
    if isinstance(value, dict):
        return {key: _filled(item, fill) for key, item in value.items()}
    return value


def _actual_when_met(assertion: Json, observed: Observed) -> Any:
    match assertion["type"]:
        case "statusCode":
            return _compared(assertion, observed.status_code)
        case "responseTime":
            without_dns = assertion.get("timingsScope") == "withoutDNS"
            dns = observed.timings.get("dns", 0) if without_dns else 0
            return _compared(assertion, round(observed.timings["total"] - dns, 3))
        case "header":
            return _header(assertion, observed)
        case _ if assertion["operator"] == _JSON_PATH:
            return _json_path(assertion["target"], observed)
        case _:
            return _compared(assertion, observed.body)


def _compared(assertion: Json, actual: Any) -> Any:
    try:
        met = COMPARISONS[assertion["operator"]](actual, assertion["target"])
    except NotComparable as error:
        raise _Unmet(str(error), actual) from None
    if not met:
        raise _Unmet(f"{assertion['operator']} does not hold", actual)
    return actual


def _header(assertion: Json, observed: Observed) -> Any:
    actual = observed.headers.get(assertion["property"].lower())
    if assertion["operator"] in ABSENCE:
        if actual is not None:
            raise _Unmet("the header is there", actual)
        return None
    if actual is None:
        raise _Unmet("the header is not there")
    return _compared(assertion, actual)


def _json_path(target: Json, observed: Observed) -> Any:
    try:
        document = strict_json.loads(observed.body)
    except ValueError as error:
        raise _Unmet(f"the body is not JSON: {error}", observed.body) from None
    try:
        elements = select(target["jsonPath"], document)
    except ValueError as error:
        raise _Unmet(str(error)) from None
    if target["operator"] in ABSENCE:
        if elements:
            raise _Unmet("the path selects something", elements[0])
        return None
    if not elements:
        raise _Unmet("the path selects nothing")
    reason, actual = why_not(target, elements)
    if reason:
        raise _Unmet(reason, actual)
    return actual
