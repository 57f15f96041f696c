"""What a value must be, as it stands in a file and as the text of a variable.

The sentence about a wrong value shows it only where its kind says so: it may be a password.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

from pytest_storedog_gate.reading import json_text
from pytest_storedog_gate.reading.nearest import suggestion

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")
_TRUTH = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True)
class Kind:
    """What a value must be; `what`, or `text` for a variable, ends the sentence "must be ...".

    `parse` reads a variable; of a text that is wrong it makes something that does not fit.
    `means` makes of a fitting value what it stands for, and raises ValueError with a sentence.
    `schema` says the same of a value in a file, as far as JSON Schema can.
    """

    what: str
    fits: Callable[[Any], bool]
    text: str = ""
    parse: Callable[[str], Any] = str
    means: Callable[[Any], Any] = lambda value: value
    shown: bool = False
    schema: Mapping[str, Any] = field(default_factory=dict)

    def read(self, value: object) -> Any:
        """What the value stands for; else ValueError with the sentence that says what is wrong."""
        if not self.fits(value):
            raise ValueError(f"must be {self.what}" + (f", not {value!r}" if self.shown else ""))
        if any("\0" in text for text in _texts(value)):
            raise ValueError("must hold no NUL character: neither a path nor a variable can")
        return self.means(value)

    def meaning(self, means: Callable[[Any], Any]) -> Kind:
        """The same, of which `means` makes something."""
        return replace(self, means=means)


def _texts(value: object) -> list[str]:
    held = [*value.values()] if isinstance(value, dict) else value
    return [one for one in (held if isinstance(held, list) else [held]) if isinstance(one, str)]


def one_of(*words: str) -> Kind:
    """One of these words; in a variable their case does not matter."""
    what = f"{', '.join(words[:-1])} or {words[-1]}"

    def known(word: str) -> str:
        if word not in words:
            raise ValueError(f"{word!r} is unknown{suggestion(word, words)}")
        return word

    return Kind(what, STRING.fits, parse=str.lower, means=known, schema={"enum": list(words)})


def _is_number(value: object) -> bool:
    known = isinstance(value, int | float) and not isinstance(value, bool)
    # Neither NaN nor infinity, nor an integer that is no float.
    return known and 0 <= cast("float", value) <= sys.float_info.max


def _number(text: str) -> float | None:
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    return float(text) if match[1] else int(text)


def _map(text: str) -> Any:
    # As in datadog-ci, single quotes do too: they are easier to write in a shell.
    for candidate in (text, text.replace("'", '"')):
        try:
            return json_text.loads(candidate, strict=True)
        except ValueError:
            continue
    return None


STRING = Kind("a string", lambda value: isinstance(value, str), "text", schema={"type": "string"})
BOOLEAN = Kind(
    "true or false",
    lambda value: isinstance(value, bool),
    "true, false, 1 or 0",
    lambda text: _TRUTH.get(text.lower()),
    schema={"type": "boolean"},
)
INTEGER = Kind(
    "an integer",
    lambda value: isinstance(value, int) and not isinstance(value, bool),
    shown=True,
    schema={"type": "integer"},
)
NUMBER = Kind(
    "a number, at least 0",
    _is_number,
    parse=_number,
    schema={"type": "number", "minimum": 0},
)
WHOLE = Kind(
    "a whole number, at least 0",
    lambda value: isinstance(value, int) and _is_number(value),
    parse=_number,
    schema={"type": "integer", "minimum": 0},
)
SECONDS = Kind(
    "a positive number of seconds",
    lambda value: _is_number(value) and value > 0,
    means=float,
    shown=True,
    schema={"type": "number", "exclusiveMinimum": 0},
)
STRINGS = Kind(
    "a list of strings, none of them empty",
    lambda value: isinstance(value, list) and all(isinstance(one, str) and one for one in value),
    "a list with ; between its items, none of them empty",
    lambda text: [item.strip() for item in text.split(";")],
    schema={"type": "array", "items": {"type": "string", "minLength": 1}},
)
LIST = STRINGS.meaning(tuple)
STRING_MAP = Kind(
    "an object of strings",
    lambda value: isinstance(value, dict) and all(isinstance(v, str) for v in value.values()),
    'a JSON object of strings, {"NAME": "value"}',
    _map,
    schema={"type": "object", "additionalProperties": {"type": "string"}},
)
OBJECT = Kind("an object", lambda value: isinstance(value, dict), schema={"type": "object"})
TABLE = Kind("a table", OBJECT.fits, schema=OBJECT.schema)
