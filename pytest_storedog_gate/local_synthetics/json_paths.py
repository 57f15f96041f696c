"""JSONPath as Datadog's assertions use it, and their elements operators."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import jsonpath

from pytest_storedog_gate.local_synthetics.comparison import Elements, as_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FIRST = "firstElementMatches"
ELEMENTS_OPERATORS: Mapping[str, Callable[[list[Any]], Elements]] = {
    FIRST: lambda selected: Elements(selected[:1]),
    "everyElementMatches": Elements,
    "atLeastOneElementMatches": lambda selected: Elements(selected, every=False),
    "serializationMatches": lambda selected: Elements([as_text(selected)]),
}

# These would select nothing without a word, and `isUndefined` would then hold.
_JAVASCRIPT_FORM = re.compile(r"\.length\b(?!['\"])|\[\(")
# The library's own regular expressions have no time limit, and a bad one selects nothing.
_PATTERN_FORM = re.compile(r"=~|\b(?:match|search)\s*\(")


@lru_cache(maxsize=256)  # a check compiles its path before it runs, and again on the answer
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
