"""What the values of datadog-ci's options must be, in a file and as the text of a variable.

An error names the place and the key, never the value: it may be a password.
"""

from __future__ import annotations

import difflib
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.reading import json_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")


@dataclass(frozen=True)
class Kind:
    """What a value must be; `what`, and `text` for a variable, end the sentence "must be ...".

    `parse` reads a variable; of a text that is wrong it makes something that does not fit.
    """

    what: str
    fits: Callable[[Any], bool]
    text: str = "text"
    parse: Callable[[str], Any] = str


def one_of(*words: str) -> Kind:
    """One of these words; in a variable their case does not matter."""
    what = f"{', '.join(words[:-1])} or {words[-1]}"
    return Kind(what, lambda value: value in words, what, str.lower)


def _is_number(value: object) -> bool:
    known = isinstance(value, int | float) and not isinstance(value, bool)
    return known and 0 <= cast("float", value) < math.inf


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and _is_number(value)


def _is_list_of_strings(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) and item for item in value)


def _is_map_of_strings(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(item, str) for item in value.values())


def _boolean(text: str) -> bool | None:
    return {"true": True, "1": True, "false": False, "0": False}.get(text.lower())


def _number(text: str) -> float | None:
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    return float(text) if match[1] else int(text)


def _map(text: str) -> Any:
    # As in datadog-ci, single quotes do too: they are easier to write in a shell.
    for candidate in (text, text.replace("'", '"')):
        try:
            return json_text.loads(candidate)
        except ValueError:
            continue
    return None


def _list(text: str) -> list[str]:
    return [item.strip() for item in text.split(";")]


STRING = Kind("a string", lambda value: isinstance(value, str))
BOOLEAN = Kind(
    "true or false", lambda value: isinstance(value, bool), "true, false, 1 or 0", _boolean
)
NUMBER = Kind("a number, at least 0", _is_number, "a number, at least 0", _number)
WHOLE = Kind("a whole number, at least 0", _is_whole, "a whole number, at least 0", _number)
STRINGS = Kind(
    "a list of strings, none of them empty",
    _is_list_of_strings,
    "a list with ; between its items, none of them empty",
    _list,
)
STRING_MAP = Kind(
    "an object of strings", _is_map_of_strings, 'a JSON object of strings, {"NAME": "value"}', _map
)
OBJECT = Kind("an object", lambda value: isinstance(value, dict))


def check(
    data: object, kinds: Mapping[str, Kind], refused: Mapping[str, str], where: str
) -> dict[str, Any]:
    """`data`, where it is an object with known keys and fitting values.

    Else ConfigurationError with a sentence for each fault. `refused` says of a key why it cannot be
    used; `where` is the object's file and JSON path.
    """
    if not isinstance(data, dict):
        raise ConfigurationError(f"{where}: must be an object")
    faults = []
    for key, value in data.items():
        if key in refused:
            faults.append(f"{where}.{key}: {refused[key]}")
        elif key not in kinds:
            faults.append(f"{where}.{key}: unknown key{_nearest(key, kinds)}")
        elif not kinds[key].fits(value):
            faults.append(f"{where}.{key}: must be {kinds[key].what}")
    _refuse(faults)
    return data


def read_variables(
    environ: Mapping[str, str], prefix: str, kinds: Mapping[str, Kind], refused: Mapping[str, str]
) -> dict[str, Any]:
    """The values of all variables that start with `prefix`, by key; `retry.count` is RETRY_COUNT.

    What datadog-ci would pass over in silence, an unknown name or a malformed value, is a fault;
    ConfigurationError has a sentence for each.
    """
    known = {_constant_case(key): key for key in (*kinds, *refused)}
    values, faults = {}, []
    for name, text in environ.items():
        if not name.startswith(prefix):
            continue
        suffix = name.removeprefix(prefix)
        if suffix not in known:
            faults.append(f"{name}: unknown variable{_nearest(suffix, known)}")
            continue
        key = known[suffix]
        if key in refused:
            faults.append(f"{name}: {refused[key]}")
            continue
        values[key] = kinds[key].parse(text)
        if not kinds[key].fits(values[key]):
            faults.append(f"{name}: must be {kinds[key].text}; else unset it")
    _refuse(faults)
    return values


def together(*readers: Callable[[], Any]) -> list[Any]:
    """What each of them reads; the faults that they find are one ConfigurationError."""
    values, faults = [], []
    for read in readers:
        try:
            values.append(read())
        except ConfigurationError as error:
            faults.append(str(error))
    _refuse(faults)
    return values


def _constant_case(key: str) -> str:
    """How a variable spells a key."""
    # At least two letters before the cut: `jUnitReport` is JUNIT_REPORT.
    return re.sub(r"(?<=.[a-z])(?=[A-Z])", "_", key).replace(".", "_").upper()


def _refuse(faults: Iterable[str]) -> None:
    """Raises where there are any: a line each, for a person who mends them all at once."""
    if text := "\n".join(faults):
        raise ConfigurationError(text)


def _nearest(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean {close[0]}?" if close else f"; known: {', '.join(sorted(known))}"
