"""The `check` of browser assertions: a comparison of texts.

Negative checks do not hold of what is not there: the caller fails before it compares.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_storedog_gate.local_synthetics.comparison import number
from pytest_storedog_gate.local_synthetics.regexes import MatchTimeout, compile_javascript

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def _ordered(compare: Callable[[float, float], bool]) -> Callable[[str, str], bool]:
    def compared(actual: str, wanted: str) -> bool:
        left, right = number(actual.strip()), number(wanted.strip())
        return left is not None and right is not None and compare(left, right)

    return compared


def _matches(actual: str, wanted: str) -> bool:
    try:
        return compile_javascript(wanted).found_in(actual)
    except (MatchTimeout, ValueError):
        return False


CHECKS: Mapping[str, Callable[[str, str], bool]] = {
    "equals": lambda actual, wanted: actual == wanted,
    "notEquals": lambda actual, wanted: actual != wanted,
    "contains": lambda actual, wanted: wanted in actual,
    "notContains": lambda actual, wanted: wanted not in actual,
    "startsWith": lambda actual, wanted: actual.startswith(wanted),
    "notStartsWith": lambda actual, wanted: not actual.startswith(wanted),
    "greater": _ordered(lambda left, right: left > right),
    "greaterEquals": _ordered(lambda left, right: left >= right),
    "lower": _ordered(lambda left, right: left < right),
    "lowerEquals": _ordered(lambda left, right: left <= right),
    "matchRegex": _matches,
    "isEmpty": lambda actual, _: not actual,
    "notIsEmpty": lambda actual, _: bool(actual),
}
WITHOUT_VALUE = frozenset({"isEmpty", "notIsEmpty"})
HOLD_OF_EMPTY = frozenset({"contains", "startsWith", "matchRegex"})
"""Those that hold of every text when the wanted value is empty."""
COUNTS = frozenset({"equals", "notEquals", "greater", "greaterEquals", "lower", "lowerEquals"})
