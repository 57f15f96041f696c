"""JSON as RFC 8259 has it: Python's parser also takes NaN, and has limits of its own for numbers.

Nesting has a limit, as whatever looks at a value later goes as deep.
"""

from __future__ import annotations

import json
import math
import sys
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.reading import json_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


_DEEPEST = 100  # levels
_MOST_DIGITS = 4300  # of an integer that Python reads
_LONGEST = 40  # characters of a number that is shown


def loads(text: str | bytes, *, unique: bool = False) -> Any:
    """Parse `text`, with or without a BOM. Raises ValueError (JSONDecodeError: of syntax).

    `unique`, for what people write: an object that has a key twice is a fault too, and so is a
    number beyond those of a double. Else, as a browser reads what a target answers, the later key
    holds, and such a number is the largest there is.
    """
    bounded = _refuse if unique else _largest
    if isinstance(text, str):
        text = text.removeprefix("\ufeff")
    try:
        value = json.loads(
            text,
            parse_constant=_refuse,
            parse_float=lambda digits: _float(digits, bounded),
            parse_int=lambda digits: (
                int(digits) if len(digits) <= _MOST_DIGITS else bounded(digits)
            ),
            object_pairs_hook=json_text.unique if unique else None,
        )
    except RecursionError:
        raise _too_deep() from None
    _check_depth(value)
    return value


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(_DEEPEST + 1):
        level = [item for one in level for item in _items(one)]
        if not level:
            return
    raise _too_deep()


def _items(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _too_deep() -> ValueError:
    return ValueError(f"it is nested deeper than {_DEEPEST} levels")


def _refuse(text: str) -> float:
    shown = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
    raise ValueError(f"{shown} is not a JSON number that a double can hold")


def _largest(text: str) -> float:
    return math.copysign(sys.float_info.max, -1 if text.startswith("-") else 1)


def _float(text: str, bounded: Callable[[str], float]) -> float:
    value = float(text)
    return value if math.isfinite(value) else bounded(text)
