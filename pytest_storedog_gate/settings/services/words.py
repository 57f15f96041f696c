"""The kinds of values that compose files have beside TOML's own."""

from __future__ import annotations

import re
import shlex
from typing import Any

from pytest_storedog_gate.reading.kinds import INTEGER, LIST, NUMBER, STRING, TABLE, Kind

_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:us|ms|s|m|h))+")
_PART = re.compile(r"(\d+(?:\.\d+)?)(us|ms|s|m|h)")
_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600}
_BYTES = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?", re.IGNORECASE)
_SIZES = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}
_SIGNAL = re.compile(r"(?:SIG)?[A-Z]+[0-9]*(?:[+-][0-9]+)?|[0-9]+")
# Engines count nanoseconds and bytes in 64 bits.
_LONGEST = 2**33  # s
_BIGGEST = 2**63 - 1
_HOST = re.compile(r"[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?")


def _is_word_list(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(word, str) for word in value)


def _words(value: str | list[str]) -> tuple[str, ...]:
    try:
        words = tuple(shlex.split(value) if isinstance(value, str) else value)
    except ValueError as error:  # a quotation that does not end
        raise ValueError(f"cannot be split as a shell would: {error}; write a list") from None
    if not words:
        raise ValueError("must have a word; leave it out for what the image says")
    return words


def _duration(value: str | float) -> float:
    if not isinstance(value, str):
        seconds = float(value)
    elif _DURATION.fullmatch(value) is None:
        raise ValueError(f'{value!r} is no time; write seconds, or as in "1m30s"')
    else:
        seconds = sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(value))
    if seconds > _LONGEST:
        raise ValueError(f"must be {_LONGEST} seconds at most")
    return seconds


def _more_than_nothing(value: str | float) -> float:
    if (seconds := _duration(value)) > 0:
        return seconds
    raise ValueError("must be more than 0 seconds")


def _bytes(value: str | int) -> int:
    match = _BYTES.fullmatch(str(value))
    if match is None:
        raise ValueError(f'{value!r} is no size; write bytes, or as in "512m"')
    size = float(match[1]) * _SIZES[match[2].lower()]
    if size > _BIGGEST:
        raise ValueError(f"must be {_BIGGEST} bytes at most")
    return int(size)


def _cpus(value: float) -> float:
    if value > 0:
        return float(value)
    raise ValueError("must be more than 0")


def _signal(text: str) -> str:
    if _SIGNAL.fullmatch(text):
        return text
    raise ValueError(f'{text!r} is no signal; write it as in "SIGQUIT"')


def _hostname(text: str) -> str:
    if len(text) <= 63 and _HOST.fullmatch(text):
        return text
    raise ValueError(f"{text!r} is no host name; use letters, digits, - and dots")


def _restart(text: str) -> str:
    if text in ("unless-stopped", "always"):
        return text
    raise ValueError(
        f"{text!r} would leave nobody to answer when the engine starts anew; write "
        '"always" or "unless-stopped"; what runs once and ends is `before_swap`'
    )


def absolute(text: str) -> str:
    """A folder or a file inside a container."""
    if text.startswith("/") and text.strip("/"):
        return text
    raise ValueError(f"{text!r} is no path in a container; begin it with /, and do not end there")


WORDS = Kind(
    "a string, which is split as a shell would, or a list of strings",
    lambda value: STRING.fits(value) or _is_word_list(value),
    means=_words,
    schema={"anyOf": [STRING.schema, {"type": "array", "items": STRING.schema}]},
)
DURATION = Kind(
    'a time: seconds, or as in "1m30s"',
    lambda value: STRING.fits(value) or NUMBER.fits(value),
    means=_duration,
    shown=True,
    schema={"anyOf": [NUMBER.schema, {"type": "string", "pattern": f"^{_DURATION.pattern}$"}]},
)
SOME_TIME = DURATION.meaning(_more_than_nothing)
BYTES = Kind(
    'a size: bytes, or as in "512m"',
    lambda value: STRING.fits(value) or (INTEGER.fits(value) and value >= 0),
    means=_bytes,
    shown=True,
    schema={"anyOf": [{"type": "integer", "minimum": 0}, STRING.schema]},
)
CPUS = NUMBER.meaning(_cpus)
SIGNAL = STRING.meaning(_signal)
HOSTNAME = STRING.meaning(_hostname)
FOLDER = STRING.meaning(absolute)
RESTART = Kind(
    STRING.what, STRING.fits, means=_restart, schema={"enum": ["always", "unless-stopped"]}
)
USER = Kind(
    "a string, or a number",
    lambda value: (STRING.fits(value) and bool(value)) or (INTEGER.fits(value) and value >= 0),
    means=str,
    schema={"type": ["string", "integer"]},
)
ONE_OR_MORE = Kind(
    "a string, or a list of strings, none of them empty",
    lambda value: (STRING.fits(value) and bool(value)) or LIST.fits(value),
    means=lambda value: (value,) if isinstance(value, str) else tuple(value),
    schema={"anyOf": [STRING.schema, LIST.schema]},
)
TABLE_OR_LIST = Kind(
    "a table or a list",
    lambda value: TABLE.fits(value) or isinstance(value, list),
    schema={"type": ["object", "array"]},
)
TEXT = Kind(
    "a string, or a whole number",
    lambda value: STRING.fits(value) or INTEGER.fits(value),
    means=str,
    schema={"type": ["string", "integer"]},
)
