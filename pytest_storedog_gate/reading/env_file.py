"""A file of variables, as compose and Docker read it: a `NAME=value` a line."""

from __future__ import annotations

import re
from typing import NamedTuple

from pytest_storedog_gate.errors import ConfigurationError

_LINE = re.compile(
    r"""[^\S\n]*(?:export[^\S\n]+)?(?P<name>[A-Za-z_][A-Za-z0-9_.-]*)[^\S\n]*=[^\S\n]*
    (?:"(?P<double>(?:\\.|[^"\\])*)"
      |'(?P<single>[^']*)'
      |(?P<bare>[^'"\s][^\n]*?|))
    (?:[^\S\n]+\#[^\n]*)?[^\S\n]*(?:\n|\Z)""",
    re.VERBOSE | re.DOTALL,
)
_NOTHING = re.compile(r"[^\S\n]*(?:\#[^\n]*)?(?:\n|\Z)")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\", "$": "$"}


class Value(NamedTuple):
    """`literal` where it stood in single quotes: nothing in it stands for something else."""

    text: str
    literal: bool


def read(text: str, name: str) -> dict[str, Value]:
    """The variables of a file that an error calls `name`.

    Values in quotes may have several lines. ConfigurationError names the line that is none, and
    never shows it: it may hold a password.
    """
    found: dict[str, Value] = {}
    text, at = text.replace("\r\n", "\n"), 0
    while at < len(text):
        match = _LINE.match(text, at)
        if match is not None:
            found[match["name"]] = _value(match)
        else:
            match = _NOTHING.match(text, at)
        if match is None:
            line = text.count("\n", 0, at) + 1
            raise ConfigurationError(
                f"{name}:{line}: is no NAME=value (its text is not shown); write it so, with "
                "quotes around a value that has quotes or begins with one"
            )
        at = match.end()
    return found


def _value(match: re.Match[str]) -> Value:
    if match["single"] is not None:
        return Value(match["single"], literal=True)
    if match["double"] is not None:
        unescaped = _ESCAPE.sub(lambda one: _ESCAPED.get(one[1], one[0]), match["double"])
        return Value(unescaped, literal=False)
    return Value(match["bare"], literal=False)
