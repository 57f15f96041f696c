"""The comparison operators of assertions.

A target may be a string for a number, true, false, null, a list or an object: a string is compared
with the JSON text of what is not a string.
"""

from __future__ import annotations

import json
import math
import operator
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.local_synthetics.javascript.regular_expressions import (
    MatchTimeout,
    compile_javascript,
)
from pytest_storedog_gate.reading import json_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_NUMBER = re.compile(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*", re.ASCII)


class NotComparable(Exception):
    """The actual value has no such comparison; the text says why."""


@dataclass(frozen=True)
class Elements:
    """Several actual values, each compared: `every` one must do, or else one is enough."""

    values: list[Any]
    every: bool = True


def number(value: Any) -> float | None:
    """The number that a JSON number or a string of one stands for, or None."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        if not _NUMBER.fullmatch(value):
            return None
        value = float(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, int | float) else None


def exact(value: Any) -> Decimal | None:
    """The same number, a whole one as it is written: a float would be its neighbour.

    Of another, digits that a float does not have count nothing, as in JavaScript.
    """
    read = number(value)
    if read is None:
        return None
    written = Decimal(str(value).strip())
    return written if written == written.to_integral_value() else Decimal(repr(read))


def as_text(value: Any) -> str:
    """A string as it is; anything else as compact JSON, as JavaScript writes it."""
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return _float_as_text(value)
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return _document_as_text(value) if "e-0" in text else text


def _document_as_text(value: Any) -> str:
    """Slower, for a document with numbers that Python alone writes so: 1e-07."""
    match value:
        case list():
            return f"[{','.join(map(_document_as_text, value))}]"
        case dict():
            pairs = (f"{_document_as_text(k)}:{_document_as_text(v)}" for k, v in value.items())
            return f"{{{','.join(pairs)}}}"
        case float():
            return _float_as_text(value)
    return json.dumps(value, ensure_ascii=False)


def _float_as_text(value: float) -> str:
    text = repr(value or 0.0)
    mantissa, _, exponent = text.partition("e")
    if 1e-6 <= abs(value) < 1e21 or not value:
        return f"{Decimal(text):f}".removesuffix(".0")
    return f"{mantissa.removesuffix('.0')}e{int(exponent):+d}"


def _is(actual: Any, target: Any) -> bool:
    if not isinstance(actual, str):
        left, right = exact(actual), exact(target)
        if left is not None and right is not None:
            return left == right
        if isinstance(actual, dict | list) and isinstance(target, str):
            try:
                return _same(actual, json_text.loads(target))
            except ValueError:
                return False
    return as_text(actual) == as_text(target)


def _same(left: Any, right: Any) -> bool:
    """Equality of JSON values: in Python, true is 1."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_same, left, right))
    return isinstance(left, bool) is isinstance(right, bool) and bool(left == right)


def _contains(actual: Any, target: Any) -> bool:
    if isinstance(target, list):
        return all(_contains(actual, one) for one in target)
    if isinstance(actual, list):
        return any(_is(item, target) for item in actual)
    return as_text(target) in as_text(actual)


def _lacks(actual: Any, target: Any) -> bool:
    """Holds of a list when it holds of each item: none of them may be there."""
    targets = target if isinstance(target, list) else [target]
    return not any(_contains(actual, one) for one in targets)


def _matches(actual: Any, target: Any) -> bool:
    try:
        return compile_javascript(as_text(target)).found_in(as_text(actual))
    except MatchTimeout as error:
        raise NotComparable(str(error)) from None


def _ordered(compare: Callable[[Decimal, Decimal], bool]) -> Callable[[Any, Any], bool]:
    def compared(actual: Any, target: Any) -> bool:
        left, right = exact(actual), exact(target)
        if left is None or right is None:
            raise NotComparable("the actual value is not a number")
        return compare(left, right)

    return compared


def _not(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    return lambda actual, target: not compare(actual, target)


COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "is": _is,
    "isNot": _not(_is),
    "contains": _contains,
    "doesNotContain": _lacks,
    "matches": _matches,
    "doesNotMatch": _not(_matches),
    "lessThan": _ordered(operator.lt),
    "lessThanOrEqual": _ordered(operator.le),
    "moreThan": _ordered(operator.gt),
    "moreThanOrEqual": _ordered(operator.ge),
    # Of a certificate, in days.
    "isInLessThan": _ordered(operator.lt),
    "isInMoreThan": _ordered(operator.gt),
}
EXPIRY = frozenset({"isInLessThan", "isInMoreThan"})
NUMERIC = EXPIRY | {"lessThan", "lessThanOrEqual", "moreThan", "moreThanOrEqual"}
GENERAL = frozenset(COMPARISONS) - EXPIRY
PATTERNS = frozenset({"matches", "doesNotMatch"})
ABSENCE = frozenset({"isUndefined", "doesNotExist"})


def unmet_among(values: list[Any], operator_name: str, target: Any) -> list[tuple[str, Any]]:
    """The values for which the comparison does not hold, each with the reason before it."""
    unmet = []
    for value in values:
        met, reason = False, f"{operator_name} does not hold"
        try:
            met = COMPARISONS[operator_name](value, target)
        except NotComparable as error:
            reason = str(error)
        if not met:
            unmet.append((reason, value))
    return unmet
