"""JSON as RFC 8259 has it, read from people: a mistake is an error that says where it is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path


def loads(text: str) -> Any:
    """Parses `text`. ValueError (json.JSONDecodeError with the line for a fault of syntax).

    Python's parser would take NaN as well, and the last of two values with the same key.
    """
    try:
        return json.loads(text, parse_constant=_refuse, object_pairs_hook=unique)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def read(path: Path, name: str) -> Any:
    """The file's content; an error calls the file `name`."""
    try:
        return loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigurationError(f"{name}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{name}: is not UTF-8 text; save it as UTF-8") from None
    except json.JSONDecodeError as error:
        raise ConfigurationError(f"{name}:{error.lineno}: not valid JSON: {error.msg}") from None
    except ValueError as error:
        raise ConfigurationError(f"{name}: not valid JSON: {error}") from None


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
