"""Assertions: what a definition says of what a check found.

A kind of check says which types and operators it can evaluate, and gives the actual value. Every
assertion needs a value to hold on: an absent header, a path that selects nothing or a body that is
not JSON fails, whatever the operator, except that `isUndefined` and `doesNotExist` ask for that.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.local_synthetics.assertions.json_path import (
    ELEMENTS_OPERATORS,
    FIRST,
    compile_path,
    select,
)
from pytest_storedog_gate.local_synthetics.assertions.operators import (
    ABSENCE,
    GENERAL,
    NUMERIC,
    PATTERNS,
    Elements,
    as_text,
    number,
    unmet_among,
)
from pytest_storedog_gate.local_synthetics.assertions.xpath import compile_xpath, select_xpath
from pytest_storedog_gate.local_synthetics.failures import InvalidTest
from pytest_storedog_gate.local_synthetics.javascript.regular_expressions import compile_javascript
from pytest_storedog_gate.local_synthetics.javascript.scripts import JAVASCRIPT, unsupported_code
from pytest_storedog_gate.local_synthetics.variables.variables import filled, has_placeholder
from pytest_storedog_gate.reading import json_text

if TYPE_CHECKING:
    from pytest_storedog_gate.local_synthetics.assertions.json_schema import Schema
    from pytest_storedog_gate.local_synthetics.definitions.definition import Json

JSON_PATH, XPATH, JSON_SCHEMA = "validatesJSONPath", "validatesXPath", "validatesJSONSchema"
_PATHS: Mapping[str, tuple[str, str, Callable[[str], object]]] = {
    JSON_PATH: ("jsonPath", "a JSONPath", compile_path),
    XPATH: ("xPath", "an XPath", compile_xpath),
}
HASHES = frozenset({"md5", "sha1", "sha256"})
_HOLD_OF_EMPTY = frozenset({"contains", "matches"})
NAMED = {"header": "the header", "grpcMetadata": "the metadata"}
"""The types of assertions about what has a name, which is their `property`."""
# A token of RFC 9110, section 5.6.2; gRPC's names are some of these.
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_STATUSES = range(100, 1000)

Operators = Mapping[str, frozenset[str]]
"""Per type of assertion the operators that a kind can evaluate.

An empty set: the type takes no operator and no target. It holds when the actual value is there; of
a script there is none, and `scripts` says whether it holds.
"""

Actual = Callable[["Json"], Any]
"""Gives the actual value that an assertion looks at. Raises NoValue.

Text for the paths and the schema; bytes or text for the hashes; a JSON value, or `Elements` for
several of them, for the rest.
"""


class NoValue(Exception):
    """There is nothing for the assertion to hold on; the text says why."""


def named(values: Mapping[str, str], name: str, what: str = "the header") -> str:
    """The value of that name, of values by names in lower case. Raises NoValue."""
    if name.lower() not in values:
        raise NoValue(f"{what} is not there")
    return values[name.lower()]


class _Unmet(NoValue):
    """The assertion does not hold, for the reason in the text."""

    def __init__(self, reason: str, actual: Any = None) -> None:
        super().__init__(reason)
        self.actual = actual


def unsupported(assertion: Json, operators: Operators) -> list[str]:
    """Name what in an assertion could not be evaluated; an empty list: nothing."""
    kind, operator = str(assertion.get("type")), str(assertion.get("operator"))
    if kind not in operators:
        return [f"type {kind!r} is not supported"]
    if not operators[kind]:
        unread = [key for key in ("operator", "target") if assertion.get(key) is not None]
        problems = [f"{kind} takes no {key}" for key in unread]
        if kind == JAVASCRIPT:
            problems += unsupported_code(assertion.get("code"), asserts=True)
        return problems
    if operator not in operators[kind]:
        return [f"operator {operator!r} is not supported for {kind}"]
    problems = []
    if kind in NAMED:
        problems += _unsupported_property(assertion.get("property"), NAMED[kind])
    if assertion.get("timingsScope", "all") not in ("all", "withoutDNS"):
        problems.append(f"timingsScope {assertion['timingsScope']!r} is not supported")
    problems += _unsupported_operand(kind, operator, assertion.get("target"))
    return problems or _proving_nothing(kind, operator, assertion.get("target"), operators[kind])


def evaluate(
    assertion: Json, operators: Operators, actual: Actual, fill: Callable[[str], str]
) -> Json:
    """Evaluate one assertion; the answer is a v2 assertion result.

    Raises InvalidTest when a variable has no value or makes the assertion meaningless.
    """
    given = filled(assertion, fill)
    if problems := unsupported(given, operators):
        raise InvalidTest(f"assertion on {given.get('type')}: {'; '.join(problems)}")
    result = {
        key: given[key]
        for key in ("type", "operator", "property", "target", "timingsScope")
        if key in given
    }
    result.update(_expected(given))
    try:
        found = _actual_when_met(given, actual)
    except _Unmet as unmet:
        return {**result, "valid": False, "actual": unmet.actual, "error_message": str(unmet)}
    return {**result, "valid": True, "actual": found}


def _expected(assertion: Json) -> Json:
    operator: Any = assertion.get("operator")
    target: Any = assertion.get("target")  # an object where the operator has a path or a schema
    if operator in _PATHS:
        return {
            "expected": target.get("targetValue"),
            "target_path": target[_PATHS[operator][0]],
            "target_path_operator": target["operator"],
        }
    return {"expected": target["jsonSchema"] if operator == JSON_SCHEMA else target}


def _unsupported_operand(kind: str, operator: str, target: Any) -> list[str]:
    match operator:
        case "validatesJSONPath" | "validatesXPath":
            return _unsupported_path(operator, target)
        case "validatesJSONSchema":
            return _unsupported_schema(target)
        case _ if operator in ABSENCE:
            return []
        case _ if kind == "mcpServerCapabilities":
            if not isinstance(target, list) or not target:
                return ["target must be a list that is not empty"]
            strings = all(isinstance(one, str) for one in target)
            return [] if strings else ["target must hold strings"]
        case _:
            return _unsupported_target(operator, target, "target")


def _unsupported_target(operator: str, target: Any, name: str) -> list[str]:
    if not isinstance(target, str | int | float):
        return [f"{name} must be a string or a number"]
    if isinstance(target, str) and has_placeholder(target):
        return []  # looked at again when the variables have their values
    if operator in _HOLD_OF_EMPTY and not target and isinstance(target, str):
        return [f"{name} is empty, and every text holds that: nothing would be proved"]
    if operator in NUMERIC and number(target) is None:
        return [f"{name} {target!r} is not a number"]
    if operator in HASHES and len(str(target)) != hashlib.new(operator).digest_size * 2:
        return [f"{name} {target!r} is not an {operator} hash in hexadecimal"]
    return uncompilable(as_text(target), compile_javascript) if operator in PATTERNS else []


def uncompilable(text: str, compile_it: Callable[[str], object]) -> list[str]:
    """Name why `text` cannot be compiled; with variables it is looked at when they have values."""
    if has_placeholder(text):
        return []
    try:
        compile_it(text)
    except ValueError as error:
        return [str(error)]
    return []


def _unsupported_property(name: Any, what: str) -> list[str]:
    """Refuse what can be no name: that there is none of it would prove nothing."""
    if not isinstance(name, str):
        return [f"property must name {what}"]
    if has_placeholder(name) or _NAME.fullmatch(name):
        return []
    return [f"property {name!r} is no name that {what} can have: write the name alone"]


def _proving_nothing(kind: str, operator: str, target: Any, operators: frozenset[str]) -> list[str]:
    """Refuse a target of which the operator holds whatever the number is."""
    if isinstance(target, str) and has_placeholder(target):
        return []
    if kind == "statusCode" and not any(unmet_among([one], operator, target) for one in _STATUSES):
        return [f"{operator} {target!r} holds of every status: nothing would be proved"]
    # What has no text operator is a number.
    numeric = NUMERIC & operators and "contains" not in operators
    if numeric and operator == "isNot" and number(target) is None:
        return [f"target {target!r} is not a number: nothing would be proved"]
    return []


def _unsupported_path(validates: str, target: Any) -> list[str]:
    key, what, compile_it = _PATHS[validates]
    if not isinstance(target, dict) or not isinstance(target.get(key), str):
        return [f"target.{key} must be a string"]
    problems = []
    elements = str(target.get("elementsOperator", FIRST))
    if validates == JSON_PATH and elements not in ELEMENTS_OPERATORS:
        problems.append(f"elementsOperator {elements!r} is not supported")
    problems += uncompilable(target[key], compile_it)
    operator = str(target.get("operator"))
    if operator in GENERAL:
        problems += _unsupported_target(operator, target.get("targetValue"), "targetValue")
    elif operator not in ABSENCE:
        problems.append(f"operator {operator!r} is not supported for {what}")
    return problems


def _unsupported_schema(target: Any) -> list[str]:
    if not isinstance(target, dict) or not isinstance(target.get("jsonSchema"), str):
        return ["target.jsonSchema must be a string"]
    if not isinstance(target.get("metaSchema"), str | None):
        return ["target.metaSchema must be a string"]
    return uncompilable(
        target["jsonSchema"], lambda text: _compile_schema(text, target.get("metaSchema"))
    )


def _actual_when_met(assertion: Json, actual: Actual) -> Any:
    operator, target = assertion.get("operator"), assertion.get("target")
    try:
        found = actual(assertion)
    except NoValue as missing:
        if operator in ABSENCE:
            return None
        raise _Unmet(str(missing)) from None
    if operator is None:
        return found
    if operator in ABSENCE:
        raise _Unmet(f"{NAMED.get(assertion['type'], 'the value')} is there", found)
    if operator in HASHES:
        return _hashed(operator, str(target), found)
    if operator in _PATHS:
        return _selected(assertion, as_text(found))
    if operator == JSON_SCHEMA:
        return _validated(target, as_text(found))
    return _compared(operator, target, found if isinstance(found, Elements) else Elements([found]))


def _compared(operator: str, target: Any, found: Elements) -> Any:
    if not found.values:
        raise _Unmet("there is no value")
    unmet = unmet_among(found.values, operator, target)
    if unmet and (found.every or len(unmet) == len(found.values)):
        raise _Unmet(*unmet[0])
    return found.values[0] if len(found.values) == 1 else found.values


def _hashed(operator: str, target: str, found: Any) -> str:
    content = found if isinstance(found, bytes) else as_text(found).encode()
    actual = hashlib.new(operator, content).hexdigest()
    if actual != target.lower():
        raise _Unmet(f"the {operator} hash is another", actual)
    return actual


def _selected(assertion: Json, text: str) -> Any:
    target = assertion["target"]
    try:
        if assertion["operator"] == JSON_PATH:
            elements = select(target["jsonPath"], document_in(text, "body"))
            which = target.get("elementsOperator", FIRST)
        else:
            elements, which = select_xpath(target["xPath"], text), FIRST
    except ValueError as error:
        raise _Unmet(str(error)) from None
    if target["operator"] in ABSENCE:
        if elements:
            raise _Unmet("the path selects something", elements[0])
        return None
    if not elements:
        raise _Unmet("the path selects nothing")
    chosen = ELEMENTS_OPERATORS[which](elements)
    return _compared(target["operator"], target["targetValue"], chosen)


def document_in(text: str, name: str) -> Any:
    """The JSON of an answer, or of the part of it that is called so. Raises NoValue."""
    try:
        return json_text.loads(text)
    except ValueError as error:
        raise _Unmet(f"the {name} is not JSON: {error}", text) from None


def _validated(target: Any, text: str) -> Any:
    document = document_in(text, "body")
    schema = _compile_schema(target["jsonSchema"], target.get("metaSchema"))
    if reason := schema.why_not(document):
        raise _Unmet(reason, text)
    return text


def _compile_schema(text: str, draft: str | None) -> Schema:
    # With its library, which few checks need and the service's start would wait for.
    from pytest_storedog_gate.local_synthetics.assertions.json_schema import (  # noqa: PLC0415
        compile_schema,
    )

    return compile_schema(text, draft)
