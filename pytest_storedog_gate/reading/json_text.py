"""JSON as RFC 8259 has it, read from people: what is no JSON, or says a thing twice, is refused."""

from __future__ import annotations

import json
from typing import Any


def loads(text: str) -> Any:
    """Parses `text`. ValueError (json.JSONDecodeError with the line for a fault of syntax).

    Python's parser would take NaN as well, and the last of two values with the same key.
    """
    try:
        return json.loads(text, parse_constant=_refuse, object_pairs_hook=unique)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not a JSON number")


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of these pairs. ValueError where it has a key twice."""
    result: dict[str, Any] = {}
    for key, value in pairs:
        if key in result:
            raise ValueError(f"an object has the key {key!r} twice")
        result[key] = value
    return result
