"""JSONPath as Datadog's assertions use it, and their elements operators.

jsonpath-plus itself evaluates a path: `javascript/vendored/jsonpath-plus.cjs`. It takes any text
for a path, and selects nothing where that is none, so that `isUndefined` would hold: here only what
has the form of a path is one.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.local_synthetics import javascript
from pytest_storedog_gate.local_synthetics.assertions.operators import Elements, as_text
from pytest_storedog_gate.local_synthetics.javascript.quickjs import (
    Function,
    JavaScriptError,
    LimitReached,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FIRST = "firstElementMatches"
ELEMENTS_OPERATORS: Mapping[str, Callable[[list[Any]], Elements]] = {
    FIRST: lambda selected: Elements(selected[:1]),
    "everyElementMatches": Elements,
    "atLeastOneElementMatches": lambda selected: Elements(selected, every=False),
    "serializationMatches": lambda selected: Elements([as_text(selected)]),
}

_LIMIT = 5.0  # s of CPU time for one path
_LIBRARY = (Path(javascript.__file__).parent / "vendored" / "jsonpath-plus.cjs").read_text(
    encoding="utf-8"
)
# Integers from 2**53 on go in and come out as they are.
_SELECT = Function(
    r"""(path, text) => {
        const exact = (key, value, { source }) =>
            !Number.isSafeInteger(value) && /^-?\d+$/.test(source)
                ? BigInt(source) : value;
        const json = JSON.parse(text, /\d{16}/.test(text) ? exact : undefined);
        // Of what holds nothing it gives nothing, not even an empty list.
        return JSON.stringify(JSONPath.JSONPath({ path, json }) ?? [], (key, value) =>
            typeof value === "bigint" ? JSON.rawJSON(String(value)) : value);
    }""",
    _LIBRARY,
)
# An error of syntax has an index; others depend on the element.
_FAULT = Function(
    """(expression) => {
        try {
            JSONPath.JSONPath({ path: "$" + expression, json: [{}] });
        } catch ({ message, index }) {
            const always = /is not defined|Invalid left-hand side/.test(message);
            return index === undefined && !always ? "" : message.replace("jsonPath: ", "");
        }
        return "";
    }""",
    _LIBRARY,
)

# What a path is made of; each means in jsonpath-plus what it looks like.
_PLAIN = r"[^\s.,:;#%@*?~^`'\"()\[\]]"
_NAME = rf"(?:{_PLAIN}|:)+(?: +(?:{_PLAIN}|:)+)*"
_QUOTED = r"[^,;#%@*?~^`'\"()\[\]\\]+"
_MEMBER = rf"(?:-?\d*:-?\d*(?::\d*)?|(?!-\d+[,\]]){_PLAIN}+)"
_EXPRESSION = r"\[\??\(.*?\)\]"
_BEGIN = re.compile(rf"\$|{_NAME}")
_SEGMENT = re.compile(
    rf"\.\.?(?:\*|{_NAME})|\.\.?(?=\[)|\^|~|{_EXPRESSION}"
    rf"|\[(?:\*|'{_QUOTED}'|\"{_QUOTED}\"|{_MEMBER}(?:,{_MEMBER})*)\]",
    re.DOTALL,
)
_OTHER_FORMS = (
    (r"=~|(?<![.\w])(?:match|search)\s*\(", "regular expressions in a path are not supported"),
    (r"^\s*[.\[]", "it begins with $ or a name"),
    (r"\[\s*\?\s*[^(\s]", "a filter is written [?(...)]"),
    (r"\[\s*-\d+\s*\]", "the last element is [-1:] or [(@.length-1)]"),
    (r"\[\s*('[^']*'|\"[^\"]*\")\s*,", "several names are written [one,other], without quotes"),
)
_INTEGER = re.compile(r"(?<![\w.'\"])\d{16,}")


@lru_cache(maxsize=256)  # a check compiles its path before it runs, and again on the answer
def compile_path(path: str) -> str:
    """Check `path`; the leading `$` may be missing. Raises ValueError with a sentence."""
    if not path.strip():
        raise ValueError("the JSONPath is empty")
    for form, reason in _OTHER_FORMS:
        if re.search(form, path):
            raise ValueError(f"JSONPath {path!r}: {reason}")
    begin = _BEGIN.match(path)
    place = begin.end() if begin else 0
    while place < len(path) and (segment := _SEGMENT.match(path, place)):
        place = segment.end()
        if fault := _fault(segment[0]):
            raise ValueError(f"JSONPath {path!r} is not valid in {segment[0]!r}: {fault}")
    if place < len(path) or begin is None:
        raise ValueError(f"JSONPath {path!r} is not valid from {path[place:]!r} on")
    return path


def _fault(segment: str) -> str:
    """What is wrong with an expression; "" for other segments."""
    if not segment.endswith(")]"):
        return ""
    if any(int(literal[:17]) >= 2**53 for literal in _INTEGER.findall(segment)):
        return "an integer from 2**53 on is not exact there"
    try:
        fault = str(_FAULT(segment, seconds=_LIMIT))
    except (JavaScriptError, LimitReached) as error:
        fault = str(error)
    return f"{fault}; after @ alone there must be a space" if '"@"' in fault else fault


def select(path: str, document: Any) -> list[Any]:
    """The elements of `document` that `path` selects. Raises ValueError with a sentence."""
    try:
        text = _SELECT(compile_path(path), json.dumps(document), seconds=_LIMIT)
    except LimitReached as reached:
        raise ValueError(f"JSONPath {path!r} {reached}") from None
    except JavaScriptError as error:
        reason = str(error).removeprefix("Error: jsonPath: ")
        raise ValueError(f"JSONPath {path!r} cannot be evaluated: {reason}") from None
    selected: list[Any] = json.loads(text)
    return selected
