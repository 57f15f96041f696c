"""`{{ NAME }}`: the variables of one attempt, and the patterns that make their values.

Builtins: https://docs.datadoghq.com/synthetics/api_tests/http_tests/#create-local-variables
"""

from __future__ import annotations

import random
import re
import string
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from pytest_storedog_gate.local_synthetics.failures import InvalidTest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_storedog_gate.local_synthetics.definitions import Definition

_PLACEHOLDER = re.compile(r"\{\{\s*(.*?)\s*\}\}")
_CALL = re.compile(r"(numeric|alphabetic|alphanumeric)\(\s*(\d{1,4})\s*\)")
_DATE = re.compile(r"date\(\s*([+-]?\d{1,5})\s*([a-z]+)\s*,\s*(.+?)\s*\)")
_TIMESTAMP = re.compile(r"timestamp\(\s*([+-]?\d{1,15})\s*,\s*(s|ms)\s*\)")
_ALPHABETS = {
    "numeric": string.digits,
    "alphabetic": string.ascii_letters,
    "alphanumeric": string.ascii_letters + string.digits,
}
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DATE_TOKEN = re.compile(r"\[[^\]]*\]|YYYY|YY|MMMM|MMM|MM|DD|HH|hh|mm|ss|SSS|A|a|Z|[A-Za-z]|.")
_STRFTIME = {
    "YYYY": "%Y", "YY": "%y", "MMMM": "%B", "MMM": "%b", "MM": "%m", "DD": "%d", "HH": "%H",
    "hh": "%I", "mm": "%M", "ss": "%S", "A": "%p",
}  # fmt: skip


@dataclass(frozen=True)
class Attempt:
    """What the builtins of one attempt refer to."""

    public_id: str
    result_id: str
    now: datetime


@dataclass
class Variables:
    """The values of one attempt, and what must not be shown of them.

    `secrets` grows while a kind finds more of them (a password, say).
    """

    values: Mapping[str, str]
    secrets: set[str] = field(default_factory=set)
    unset: Mapping[str, str] = field(default_factory=dict)

    def fill(self, text: str) -> str:
        """Replace each `{{ NAME }}`. Raises InvalidTest for a variable without a value."""
        return _PLACEHOLDER.sub(lambda found: self._value(found[1]), text)

    def _value(self, name: str) -> str:
        if name in self.values:
            return self.values[name]
        reason = self.unset.get(name, "it is not defined")
        raise InvalidTest(f"variable {name} has no value: {reason}")


def variables_of(
    definition: Definition, overrides: Mapping[str, str], attempt: Attempt
) -> Variables:
    """Make the values of one attempt; those of `overrides` win."""
    values, secrets, unset = {}, set(), {}
    for variable in definition.config.get("configVariables") or []:
        name = variable["name"]
        if name in overrides:
            values[name] = overrides[name]
        elif isinstance(variable.get("pattern"), str):
            values[name] = _generate(variable["pattern"], attempt)
        else:
            unset[name] = "the definition holds no pattern; give it in the trigger's variables"
        if variable.get("secure") and name in values:
            secrets.add(values[name])
    return Variables({**overrides, **values}, secrets, unset)


def has_placeholder(text: str) -> bool:
    return _PLACEHOLDER.search(text) is not None


def unsupported(definition: Definition, overrides: Mapping[str, str]) -> list[str]:
    """Name the variables whose pattern cannot be made here."""
    probe = Attempt("", "", datetime.now(UTC))
    problems = []
    for variable in definition.config.get("configVariables") or []:
        name, pattern = variable["name"], variable.get("pattern")
        if name in overrides or not isinstance(pattern, str):
            continue
        try:
            _generate(pattern, probe)
        except InvalidTest as error:
            problems.append(f"config.configVariables {name}: {error}")
    return problems


def _generate(pattern: str, attempt: Attempt) -> str:
    return _PLACEHOLDER.sub(lambda found: _builtin(found[1], attempt), pattern)


def _builtin(expression: str, attempt: Attempt) -> str:
    constants: Mapping[str, Callable[[], str]] = {
        "uuid": lambda: str(uuid.uuid4()),
        "public-id": lambda: attempt.public_id,
        "result-id": lambda: attempt.result_id,
    }
    if expression in constants:
        return constants[expression]()
    if call := _CALL.fullmatch(expression):
        return "".join(random.choices(_ALPHABETS[call[1]], k=int(call[2])))  # noqa: S311 test data
    if (date := _DATE.fullmatch(expression)) and date[2] in _UNITS:
        return _date(attempt.now + timedelta(**{_UNITS[date[2]]: int(date[1])}), date[3])
    if timestamp := _TIMESTAMP.fullmatch(expression):
        seconds = attempt.now.timestamp()
        now = seconds if timestamp[2] == "s" else seconds * 1000
        return str(int(now) + int(timestamp[1]))
    raise InvalidTest(f"builtin {{{{ {expression} }}}} is not supported")


def _date(moment: datetime, pattern: str) -> str:
    return "".join(_date_part(moment, part) for part in _DATE_TOKEN.findall(pattern))


def _date_part(moment: datetime, part: str) -> str:
    if part in _STRFTIME:
        return moment.strftime(_STRFTIME[part])
    if part == "SSS":
        return f"{moment.microsecond // 1000:03d}"
    if part == "a":
        return moment.strftime("%p").lower()
    if part == "Z":
        return "+00:00"  # the date is UTC
    if part.startswith("["):
        return part[1:-1]
    if part.isalpha() and part != "T":
        raise InvalidTest(f"date format {part!r} is not supported")
    return part
