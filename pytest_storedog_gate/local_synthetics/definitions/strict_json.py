"""JSON as RFC 8259 has it: Python's parser also takes NaN and numbers that overflow.

Nesting has a limit, as whatever looks at a value later goes as deep.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.reading import json_text

if TYPE_CHECKING:
    from collections.abc import Iterable


_DEEPEST = 100  # levels


def loads(text: str | bytes, *, unique: bool = False) -> Any:
    """Parse `text`. Raises ValueError (json.JSONDecodeError for a fault of syntax).

    `unique`: an object that has a key twice is a fault too; else the later one holds, as with
    most readers of what a target answers.
    """
    hook = json_text.unique if unique else None
    try:
        value = json.loads(
            text, parse_constant=_refuse, parse_float=_finite, object_pairs_hook=hook
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


def _refuse(name: str) -> float:
    raise ValueError(f"{name} is not a JSON number")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is out of range")
    return value
