"""JSONPath as Datadog's assertions use it, and their elements operators."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import jsonpath

from pytest_storedog_gate.local_synthetics.comparison import COMPARISONS, NotComparable, as_text

if TYPE_CHECKING:
    from pytest_storedog_gate.local_synthetics.definitions import Json

FIRST = "firstElementMatches"
_EVERY = "everyElementMatches"
_AT_LEAST_ONE = "atLeastOneElementMatches"
_SERIALIZATION = "serializationMatches"
ELEMENTS_OPERATORS = frozenset({FIRST, _EVERY, _AT_LEAST_ONE, _SERIALIZATION})

# These would select nothing without a word, and `isUndefined` would then hold.
_JAVASCRIPT_FORM = re.compile(r"\.length\b(?!['\"])|\[\(")
# The library's own regular expressions have no time limit, and a bad one selects nothing.
_PATTERN_FORM = re.compile(r"=~|\b(?:match|search)\s*\(")


def compile_path(path: str) -> jsonpath.JSONPath | jsonpath.CompoundJSONPath:
    """Compile `path`; the leading `$` may be missing. Raises ValueError with a sentence."""
    if not path.strip():
        raise ValueError("the JSONPath is empty")
    if _JAVASCRIPT_FORM.search(path):
        raise ValueError(f"JSONPath {path!r}: .length and script expressions are not supported")
    if _PATTERN_FORM.search(path):
        raise ValueError(f"JSONPath {path!r}: regular expressions in a path are not supported")
    try:
        return jsonpath.compile(path)
    except (jsonpath.JSONPathError, RecursionError) as error:
        reason = str(error).partition("\n")[0]
        raise ValueError(f"JSONPath {path!r} is not valid: {reason}") from None


def select(path: str, document: Any) -> list[Any]:
    """The elements of `document` that `path` selects. Raises ValueError with a sentence."""
    try:
        return compile_path(path).findall(document)
    except (jsonpath.JSONPathError, RecursionError) as error:
        reason = str(error).partition("\n")[0]
        raise ValueError(f"JSONPath {path!r} cannot be evaluated: {reason}") from None


def why_not(target: Json, elements: list[Any]) -> tuple[str, Any]:
    """Compare `elements` (one at least) as the operators in `target` ask.

    Returns why the comparison does not hold, or "", and the value that decided it.
    """
    which = target.get("elementsOperator", FIRST)
    if which == FIRST:
        elements = elements[:1]
    elif which == _SERIALIZATION:
        elements = [as_text(elements)]
    unmet = [(reason, element) for element in elements if (reason := _why_not_one(target, element))]
    if which == _AT_LEAST_ONE and len(unmet) < len(elements):
        unmet = []
    if unmet:
        return unmet[0]
    return "", elements[0] if len(elements) == 1 else elements


def _why_not_one(target: Json, element: Any) -> str:
    operator = target["operator"]
    try:
        met = COMPARISONS[operator](element, target["targetValue"])
    except NotComparable as error:
        return str(error)
    return "" if met else f"{operator} does not hold"
