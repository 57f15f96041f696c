"""`{{ NAME }}`: the variables of one attempt, and the patterns that make their values.

Builtins: https://docs.datadoghq.com/synthetics/api_tests/http_tests/#create-local-variables
"""

from __future__ import annotations

import random
import re
import string
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from pytest_storedog_gate.local_synthetics.failures import CheckFailed, InvalidTest
from pytest_storedog_gate.local_synthetics.variables.global_variables import PREFIX, Globals
from pytest_storedog_gate.secrets.masking import Masker
from pytest_storedog_gate.secrets.names import names_secret
from pytest_storedog_gate.secrets.places import credentials
from pytest_storedog_gate.secrets.texts import holds_secret

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_storedog_gate.local_synthetics.definitions.definition import Definition, Json
    from pytest_storedog_gate.local_synthetics.mail.mailboxes import Mail, Mailboxes
    from pytest_storedog_gate.local_synthetics.variables.global_variables import GlobalVariable
    from pytest_storedog_gate.local_synthetics.variables.totp import Totp

T = TypeVar("T")

NO_GLOBALS: Globals = {}
SHORTEST_CREDENTIAL = 6  # characters; shorter ones are words that a result needs
_SHORTEST_SECRET = 4  # characters, of what is said to be secret

_NAME = r"[A-Z][A-Z0-9_]*"
_PLACEHOLDER = re.compile(rf"\{{\{{\s*({_NAME})\s*\}}\}}")
# In a pattern, and there alone.
_BUILTIN = re.compile(r"\{\{\s*(.*?)\s*\}\}")
_CALL = re.compile(r"(numeric|alphabetic|alphanumeric)\(\s*(\d{1,4})\s*\)")
_DATE = re.compile(r"date\(\s*([+-]?\d{1,5})\s*([a-z]+)\s*,\s*(.+?)\s*\)")
_TIMESTAMP = re.compile(r"timestamp\(\s*([+-]?\d{1,15})\s*,\s*(s|ms)\s*\)")
_ALPHABETS = {
    "numeric": string.digits,
    "alphabetic": string.ascii_letters,
    "alphanumeric": string.ascii_letters + string.digits,
}
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DATE_TOKEN = re.compile(
    r"\[[^\]]*\]|YYYY|YY|M{1,4}|D{1,2}|d{3,4}|H{1,2}|h{1,2}|m{1,2}|s{1,2}|S{1,3}|A|a|ZZ?|X|x"
    r"|[A-Za-z]|.",
    re.DOTALL,
)
_STRFTIME = {
    "YYYY": "%Y", "YY": "%y", "MM": "%m", "DD": "%d", "HH": "%H", "hh": "%I", "mm": "%M",
    "ss": "%S",
}  # fmt: skip
_UNPADDED = {"M": "%m", "D": "%d", "H": "%H", "h": "%I", "m": "%M", "s": "%S"}
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_ADDRESS = "{{ public-id }}.{{ numeric(10) }}@synthetics.example.com"
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True)
class Attempt:
    """What the builtins of one attempt refer to."""

    public_id: str = ""
    result_id: str = ""
    now: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass
class Variables:
    """The values of one attempt, and what must not be shown of them.

    `secrets` grows while a kind finds more of them (a password, say), and `values` while the steps
    of a multistep test extract them. `lost` says why a value that a target should have given did
    not come about. `addresses` are the values of the variables of type `email`, whose mail comes
    to `mailboxes`.
    """

    values: dict[str, str]
    secrets: set[str] = field(default_factory=set)
    unset: dict[str, str] = field(default_factory=dict)
    lost: dict[str, str] = field(default_factory=dict)
    totps: dict[str, Totp] = field(default_factory=dict)
    attempt: Attempt = field(default_factory=Attempt)
    known: Globals = field(default_factory=dict)
    mailboxes: Mailboxes | None = None
    addresses: set[str] = field(default_factory=set)

    def adopt(self, definition: Definition) -> None:
        """Add a sub-test's variables; a name that has a value keeps it, as in Datadog.

        Raises InvalidTest for a variable that gets none.
        """
        for variable in _declared(definition):
            name = variable["name"]
            if not self.knows(name):
                _assign(self, variable)
                if not self.knows(name):
                    raise InvalidTest(f"variable {name} has no value: {self.unset[name]}")
            _note(self, variable)

    def hide_credentials(self, definition: Definition) -> None:
        """Add what the definition is to send as a credential to the secrets."""
        for credential in credentials(definition.data):
            # One that cannot be filled yet is not sent either.
            with suppress(CheckFailed):
                value = self.fill(credential)
                if len(value) >= SHORTEST_CREDENTIAL:
                    self.secrets.add(value)

    def masked(self, value: T) -> T:
        """A copy of a JSON value or a text without the secrets.

        All global variables are secret unless somebody says otherwise: `1`, `true` and `eu` hide
        nothing, and would be looked for in every word.
        """
        secrets = filter(holds_secret, self.secrets)
        return Masker(secrets, shortest=_SHORTEST_SECRET).document(value)

    def mails(self) -> list[Mail]:
        """The mails that came to this attempt's addresses, the latest first."""
        if self.mailboxes is None:
            return []
        return self.mailboxes.received(self.addresses, self.attempt.now)

    def fill(self, text: str) -> str:
        """Replace each `{{ NAME }}`; other braces, as of Handlebars, stay.

        Raises InvalidTest for a variable without a value, and CheckFailed for a lost one.
        """
        return _PLACEHOLDER.sub(lambda found: self._value(found[1]), text)

    def knows(self, name: str) -> bool:
        """Whether the name has a value now."""
        return name in self.values or name in self.totps

    def gain(self, name: str, value: str, *, secure: bool) -> None:
        """Take the value that came about; a secure one, or so called, joins the secrets."""
        self.lost.pop(name, None)
        self.values[name] = value
        if secure or names_secret(name):
            self.secrets.add(value)

    def lose(self, name: str, reason: str) -> None:
        """Take the value away that a target should have given anew."""
        self.values.pop(name, None)
        self.lost[name] = reason

    def all(self) -> dict[str, str]:
        """The value of each variable now, by name; codes join the secrets."""
        return {name: self._value(name) for name in {**self.totps, **self.values}}

    def _value(self, name: str) -> str:
        if name in self.values:
            return self.values[name]
        if name in self.totps:
            code = self.totps[name].code(time.time())
            self.secrets.add(code)
            return code
        if name in self.lost:
            raise CheckFailed(
                "INCORRECT_ASSERTION", f"variable {name} has no value: {self.lost[name]}"
            )
        reason = self.unset.get(name, "it is not defined")
        raise InvalidTest(f"variable {name} has no value: {reason}")


def variables_of(
    definition: Definition,
    overrides: Mapping[str, str],
    attempt: Attempt,
    known: Globals = NO_GLOBALS,
    mailboxes: Mailboxes | None = None,
) -> Variables:
    """Make the values of one attempt; those of `overrides` win."""
    made = Variables(dict(overrides), attempt=attempt, known=known, mailboxes=mailboxes)
    made.secrets |= {value for name, value in overrides.items() if names_secret(name)}
    for variable in _declared(definition):
        if variable["name"] not in overrides:
            _assign(made, variable)
        _note(made, variable)
    return made


def filled(value: Any, fill: Callable[[str], str]) -> Any:
    """A copy of a JSON value, in which each text is what `fill` makes of it."""
    if isinstance(value, str):
        return fill(value)
    if isinstance(value, dict):
        return {key: filled(item, fill) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item, fill) for item in value]
    return value


def placeholders(value: Any) -> set[str]:
    """The names of all variables in a JSON value."""
    if isinstance(value, str):
        return set(_PLACEHOLDER.findall(value))
    if isinstance(value, dict):
        return placeholders([*value.keys(), *value.values()])
    if isinstance(value, list):
        return {name for item in value for name in placeholders(item)}
    return set()


def has_placeholder(text: str) -> bool:
    return first_placeholder(text) is not None


def first_placeholder(text: str) -> re.Match[str] | None:
    """The first `{{ NAME }}`; its group 1 is the name."""
    return _PLACEHOLDER.search(text)


def unusable_name(name: str) -> list[str]:
    """Why `{{ name }}` would never be replaced; an empty list: it would."""
    if re.fullmatch(_NAME, name):
        return []
    return [f"the name {name!r} must be of capital letters, digits and _: nothing uses any other"]


def unsupported(
    definition: Definition,
    overrides: Mapping[str, str],
    known: Globals = NO_GLOBALS,
    mailboxes: Mailboxes | None = None,
) -> list[str]:
    """Name the variables that have no value here."""
    made = Variables({}, known=known, mailboxes=mailboxes)
    problems = []
    for variable in _declared(definition):
        name = variable.get("name")
        if not isinstance(name, str):
            problems.append("config.variables: name must be a string")
            continue
        problems += [f"config.configVariables: {problem}" for problem in unusable_name(name)]
        if name in overrides:
            continue
        try:
            _assign(made, variable)
        except InvalidTest as error:
            problems.append(f"config.configVariables {name}: {error}")
        if name in made.unset:
            problems.append(f"variable {name} has no value: {made.unset[name]}")
    return problems


def _declared(definition: Definition) -> list[Json]:
    """The variables of the test and, of a browser test, those of its steps."""
    config = definition.config
    return [*(config.get("configVariables") or []), *(config.get("variables") or [])]


def _note(made: Variables, variable: Json) -> None:
    """Whether the variable's value, if it has one, is a secret, and whether mail comes to it."""
    name, kind = variable["name"], variable.get("type")
    if name not in made.values:
        return
    held = _of_account(variable, made.known) if kind == "global" else None
    if variable.get("secure") or names_secret(name) or (held and held.secure):
        made.secrets.add(made.values[name])
    if kind == "email" and made.mailboxes:
        made.addresses.add(made.values[name])


def _assign(made: Variables, variable: Json) -> None:
    name, kind, pattern = variable["name"], variable.get("type", "text"), variable.get("pattern")
    if kind == "global":
        found = _of_account(variable, made.known)
        if found is None:
            made.unset[name] = (
                f"the service has no global variable of that name with a value; set {PREFIX}{name} "
                "or its --globals file, or give it in the trigger's variables"
            )
        elif found.totp:
            made.totps[name] = found.totp
        else:
            made.values[name] = found.value
    elif kind == "email":
        _assign_address(made, name, pattern)
    elif kind != "text":
        made.unset[name] = f"variables of type {kind} are not supported"
    elif isinstance(pattern, str):
        made.values[name] = _generate(pattern, made.attempt)
    else:
        made.unset[name] = "the definition holds no pattern; give it in the trigger's variables"


def _of_account(variable: Json, known: Globals) -> GlobalVariable | None:
    """The global variable that is meant: by the ID that the API gave it, else by its name."""
    by_id = known.get(variable["id"]) if isinstance(variable.get("id"), str) else None
    return by_id or known.get(variable["name"])


def _assign_address(made: Variables, name: str, pattern: Any) -> None:
    if made.mailboxes is None:
        made.unset[name] = "a variable of type email needs the option --smtp, which receives mail"
        return
    own = pattern if isinstance(pattern, str) and pattern else _ADDRESS
    address = _generate(own, made.attempt)
    other = replace(made.attempt, result_id=f"{made.attempt.result_id}0")
    if address == _generate(own, other):
        # The mail of an earlier attempt, or of one at the same time, would pass for this one's.
        made.unset[name] = "its pattern is the same in each attempt; add {{ numeric(10) }} to it"
    else:
        made.values[name] = address


def _generate(pattern: str, attempt: Attempt) -> str:
    return _BUILTIN.sub(lambda found: _builtin(found[1], attempt), pattern)


def _builtin(expression: str, attempt: Attempt) -> str:
    constants = {
        "uuid": str(uuid.uuid4()),
        "public-id": attempt.public_id,
        "result-id": attempt.result_id,
    }
    if expression in constants:
        return constants[expression]
    if call := _CALL.fullmatch(expression):
        return "".join(random.choices(_ALPHABETS[call[1]], k=int(call[2])))  # noqa: S311 test data
    if (date := _DATE.fullmatch(expression)) and date[2] in _UNITS:
        try:
            moment = attempt.now + timedelta(**{_UNITS[date[2]]: int(date[1])})
        except OverflowError:
            raise InvalidTest(
                f"builtin {{{{ {expression} }}}} leaves the years 1 to 9999"
            ) from None
        return _date(moment, date[3])
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
    if part in _UNPADDED:
        return str(int(moment.strftime(_UNPADDED[part])))
    if part in _IN_WORDS:
        return _IN_WORDS[part](moment)
    if part.startswith("["):
        return part[1:-1]
    if part.isalpha() and part != "T":
        raise InvalidTest(f"date format {part!r} is not supported")
    return part


# Names in English, whatever the locale, and the date is UTC.
_IN_WORDS: Mapping[str, Callable[[datetime], str]] = {
    "MMMM": lambda moment: _MONTHS[moment.month - 1],
    "MMM": lambda moment: _MONTHS[moment.month - 1][:3],
    "dddd": lambda moment: _DAYS[moment.weekday()],
    "ddd": lambda moment: _DAYS[moment.weekday()][:3],
    "SSS": lambda moment: f"{moment.microsecond // 1000:03d}",
    "SS": lambda moment: f"{moment.microsecond // 10_000:02d}",
    "S": lambda moment: str(moment.microsecond // 100_000),
    "A": lambda moment: "AM" if moment.hour < 12 else "PM",
    "a": lambda moment: "am" if moment.hour < 12 else "pm",
    "Z": lambda _: "+00:00",
    "ZZ": lambda _: "+0000",
    "X": lambda moment: str(int(moment.timestamp())),
    "x": lambda moment: str(int(moment.timestamp() * 1000)),
}
