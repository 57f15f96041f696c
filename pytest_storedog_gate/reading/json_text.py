"""JSON as RFC 8259 has it: Python's parser also takes NaN, and has limits of its own for numbers.

Nesting has a limit, as whatever looks at a value later goes as deep.
"""

from __future__ import annotations

import json
import math
import sys
from typing import Any

_DEEPEST = 100  # levels
_MOST_DIGITS = 4300  # of an integer that Python reads
_LONGEST = 40  # characters of a number that is shown


def loads(text: str | bytes, *, strict: bool = False) -> Any:
    """Parse `text`, with or without a BOM. Raises ValueError (JSONDecodeError: of syntax).

    `strict`, for what people write: an object that has a key twice is a fault too, and so is a
    number beyond those of a double. Else, as a browser reads what a target answers, the later key
    holds, and such a number is the largest there is.
    """

    def number(digits: str) -> float:
        value = float(digits)
        if math.isinf(value):
            return _refuse(digits) if strict else math.copysign(sys.float_info.max, value)
        return value

    if isinstance(text, str):
        text = text.removeprefix("\ufeff")
    try:
        value = json.loads(
            text,
            parse_constant=_refuse,
            parse_float=number,
            parse_int=lambda digits: int(digits) if len(digits) <= _MOST_DIGITS else number(digits),
            object_pairs_hook=unique if strict else None,
        )
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    _check_depth(value)
    return value


def _refuse(text: str) -> float:
    shown = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
    raise ValueError(f"{shown} is not a JSON number that a double can hold")


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of these pairs. ValueError where it has a key twice."""
    result: dict[str, Any] = {}
    for key, value in pairs:
        if key in result:
            raise ValueError(f"an object has the key {key!r} twice")
        result[key] = value
    return result


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(_DEEPEST + 1):
        held = [
            one.values() if isinstance(one, dict) else one
            for one in level
            if isinstance(one, dict | list)
        ]
        level = [item for items in held for item in items]
        if not level:
            return
    raise ValueError(f"it is nested deeper than {_DEEPEST} levels")
