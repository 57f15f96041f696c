"""Any data as what JSON can say by RFC 8259, which is less than Python's encoder writes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import is_dataclass
from enum import Enum
from typing import Any

# A recursive reader gives up somewhere, and so would this one.
_DEEPEST = 100
_TOO_DEEP = "(nested too deeply)"


def strict(data: object, *, levels: int = _DEEPEST) -> Any:
    """The same data as objects, lists, texts, numbers, booleans and null, as nearly as they can.

    A number that a reader could only take for infinite is null, as in JavaScript; half of a
    character becomes U+FFFD.
    """
    match data:
        case None | bool():
            return data
        case Enum():
            return strict(data.value, levels=levels)
        case int() | float():
            return _number(data)
        case str():
            return _text(data)
    if levels == 0:
        return _TOO_DEEP
    if is_dataclass(data):
        data = vars(data)
    match data:
        case Mapping():
            return {
                _text(str(key)): strict(value, levels=levels - 1) for key, value in data.items()
            }
        case list() | tuple() | set() | frozenset():
            return [strict(item, levels=levels - 1) for item in data]
    return _text(str(data))


def _number(number: float) -> float | None:
    try:
        return number if math.isfinite(number) else None
    except OverflowError:
        return None


def _text(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
