"""JSON as a server sends it: of any shape, and never with what would break a report."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from pytest_storedog_gate.reading import json_text

# What a reader meets in an answer of another shape.
ODD_SHAPE = (AttributeError, LookupError, OverflowError, RecursionError, TypeError, ValueError)
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def loads(text: str) -> Any:
    """Parses `text`; a lone surrogate becomes a question mark. ValueError where it is no JSON.

    An object that has a key twice is none: which of them holds?
    """
    try:
        data = json.loads(text, object_pairs_hook=json_text.unique)
        return _encodable(data) if _SURROGATE.search(text) else data
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _encodable(value: Any) -> Any:
    """The same without lone surrogates: a report that holds one would kill xdist's worker."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, list):
        return [_encodable(item) for item in value]
    if isinstance(value, dict):
        return {_encodable(key): _encodable(item) for key, item in value.items()}
    return value


def plain(value: object, otherwise: str = "") -> str:
    """A text that is only shown; whatever is none is passed over."""
    return value if isinstance(value, str) and value else otherwise


def mapping(value: object) -> dict[str, Any]:
    """An object that may be missing; whatever is none is passed over."""
    return value if isinstance(value, dict) else {}


def seconds(milliseconds: object) -> float:
    """A time that is only shown; whatever is none is 0."""
    value = number(milliseconds) / 1000
    return value if math.isfinite(value) else 0.0


def number(value: object) -> float:
    """A number; NaN where it is none."""
    try:
        return float(value) if isinstance(value, int | float) else math.nan
    except OverflowError:
        return math.nan


def identifier(value: object) -> str:
    """A text that names something. TypeError for what names nothing."""
    if not isinstance(value, str) or not value:
        raise TypeError
    return value


def optional_id(value: object) -> str:
    """An ID that may be missing: a text, or a number of any size. TypeError for what is neither."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return optional_text(value)


def optional_text(value: object) -> str:
    """A text that may be missing. TypeError for what is none."""
    return "" if value in (None, "") else identifier(value)


def listed(value: object) -> list[Any]:
    """A list that must be one. TypeError where it is none."""
    if not isinstance(value, list):
        raise TypeError
    return value
