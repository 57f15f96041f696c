"""Files of TOML and JSON as tables that know the line of each key; their parsers do not tell."""

from __future__ import annotations

import json
import re
import tomllib
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.reading import json_text
from pytest_storedog_gate.reading.table import Document, Table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_storedog_gate.reading.table import Keys

_JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+')


def text_of(path: Path, name: str) -> str:
    """The text of a file, which an error calls `name`."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigurationError(f"{name}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{name}: is not UTF-8 text; save it as UTF-8") from None
    except ValueError as error:  # a name with a null character
        raise ConfigurationError(f"{name!r}: cannot be read: {error}") from None


def toml_table(path: Path) -> Table:
    """The whole file."""
    text, name = text_of(path, path.name), path.name
    try:
        data = tomllib.loads(text)
    except ValueError as error:  # TOMLDecodeError, or a number of thousands of digits
        raise ConfigurationError(f"{name}: not valid TOML: {error}") from None
    except RecursionError:
        raise ConfigurationError(f"{name}: nested too deeply; write it flatter") from None
    return Table(data, Document(name, partial(_line_in_toml, text), table="a table"))


def json_table(path: Path, name: str) -> Table:
    """The whole file, which an error calls `name`."""
    text = text_of(path, name)
    try:
        data = json_text.loads(text, strict=True)
    except json.JSONDecodeError as error:
        raise ConfigurationError(f"{name}:{error.lineno}: not valid JSON: {error.msg}") from None
    except ValueError as error:
        raise ConfigurationError(f"{name}: not valid JSON: {error}") from None
    index = cache(partial(lines_in_json, text))
    return Table(data, Document(name, lambda keys: index().get(keys), root="$"))


def lines_in_json(text: str) -> dict[Keys, int]:
    """The line of each value, by its keys; of two with the same keys the first; `text` is valid."""
    found: dict[Keys, int] = {}
    for keys, line in _places_in_json(text):
        found.setdefault(keys, line)
    return found


def _places_in_json(text: str) -> Iterator[tuple[Keys, int]]:
    here: list[Any] = []  # None until a key is read
    line, end = 1, 0
    for token in _JSON_TOKEN.finditer(text):
        line, end = line + text.count("\n", end, token.start()), token.start()
        word = token[0]
        if word in "]}":
            here.pop()
        elif word == ",":
            here[-1] = here[-1] + 1 if isinstance(here[-1], int) else None
        elif word != ":":
            if here and here[-1] is None:
                here[-1] = json.loads(word)
            yield tuple(here), line
            if word in "[{":
                here.append(0 if word == "[" else None)


def _line_in_toml(text: str, keys: Keys) -> int | None:
    """The line where the statement begins that first says something of `keys`; `text` is valid.

    The parser finds it: it is asked what more and fewer lines of the text say.
    """
    lines = text.split("\n")

    def says(count: int) -> bool | None:
        """Whether so many lines say it; None where they end amid a statement."""
        try:
            data: Any = tomllib.loads("\n".join([*lines[:count], ""]))
        except (ValueError, RecursionError):
            return None
        for key in keys:
            if not isinstance(data, dict) or key not in data:
                return False
            data = data[key]
        return True

    fewer, more = 0, len(lines)
    if not says(more):
        return None
    while more - fewer > 1:
        middle = (fewer + more) // 2
        whole = next((count for count in range(middle, more) if says(count) is not None), None)
        if whole is None or says(whole):
            more = middle if whole is None else whole
        else:
            fewer = whole
    return more
