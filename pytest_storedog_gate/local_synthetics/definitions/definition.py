"""Test definitions, in the JSON of the API: the shape that every kind relies on."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Json = dict[str, Any]

EXECUTION_RULES = ("blocking", "non_blocking", "skipped")  # from strict to lenient
DEFAULT_RETRY_INTERVAL = 300  # ms, Datadog's
DAY = 86_400_000  # ms
MOST: Mapping[str, int] = {"count": 100, "interval": DAY}
"""The most of each key of `retry`; the interval is in ms."""
PUBLIC_ID = re.compile(r"[a-z0-9]{3}-[a-z0-9]{3}-[a-z0-9]{3}")
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"  # Datadog's own, without look-alikes

# Only what every kind relies on; the rest is for the kind to accept or refuse. In a list stands
# what the items of one are. A test holds the API's description of definitions to it.
REQUIRED = ("type", "name", "config")
SHAPE: Mapping[str, type | list[type]] = {
    "type": str,
    "name": str,
    "config": dict,
    "subtype": str,
    "options": dict,
    "locations": [str],
    "tags": [str],
    "config.request": dict,
    "config.assertions": [dict],
    "config.configVariables": [dict],
    "config.variables": [dict],
    "config.steps": [dict],
    "options.ci": dict,
    "options.retry": dict,
    "options.device_ids": [str],
    "storedog": dict,
    "storedog.files": dict,
}
_NAMES: Mapping[type, str] = {dict: "an object", list: "a list", str: "a string"}


class DefinitionError(ValueError):
    """A definition or a definition file is unusable; the text says which and why."""


@dataclass(frozen=True)
class Definition:
    """One Synthetics test, as JSON of the shape that `parse` checked.

    With a `fault`, a sentence, it cannot be run: its `data` only say which test it is.
    """

    data: Json
    fault: str = ""

    @property
    def public_id(self) -> str:
        return cast("str", self.data["public_id"])

    @property
    def name(self) -> str:
        return cast("str", self.data["name"])

    @property
    def type(self) -> str:
        return cast("str", self.data["type"])

    @property
    def subtype(self) -> str:
        return self.data.get("subtype") or ""

    @property
    def tags(self) -> list[str]:
        return self.data.get("tags") or []

    @property
    def locations(self) -> list[str]:
        return self.data.get("locations") or ["local"]

    @property
    def devices(self) -> list[str]:
        """The devices of a browser test; other tests have none."""
        return (self.options.get("device_ids") or []) if self.type == "browser" else []

    @property
    def config(self) -> Json:
        return cast("Json", self.data["config"])

    @property
    def request(self) -> Json:
        return self.config.get("request") or {}

    @property
    def options(self) -> Json:
        return self.data.get("options") or {}

    @property
    def steps(self) -> list[Json]:
        """The steps of a browser test, which stand beside `config`; it may have none."""
        return self.data.get("steps") or []

    @property
    def clicks_through(self) -> bool:
        """Whether git says that a browser test without an assertion is wanted as it is."""
        return (self.data.get("storedog") or {}).get("click_through") is True

    @property
    def execution_rule(self) -> str:
        ci: Json = self.options.get("ci") or {}
        return cast("str", ci.get("executionRule", "blocking"))

    @property
    def retries(self) -> int:
        """How often a failed attempt is repeated."""
        retry: Json = self.options.get("retry") or {}
        return cast("int", retry.get("count", 0))

    @property
    def retry_interval(self) -> float:
        """Milliseconds between two attempts."""
        retry = self.options.get("retry") or {}
        return cast("float", retry.get("interval", DEFAULT_RETRY_INTERVAL))


def parse(data: object) -> Definition:
    """Check the shape that every kind relies on. Raises DefinitionError.

    A definition without a public_id is given one.
    """
    for fault in shape_faults(data):
        raise DefinitionError(fault)
    assert isinstance(data, dict)  # noqa: S101 else there was a fault
    public_id = data.get("public_id")
    return Definition({**data, "public_id": new_public_id() if public_id is None else public_id})


def shape_faults(data: object) -> Iterator[str]:
    """A sentence for each way in which a value is no definition that `parse` reads."""
    if not isinstance(data, dict):
        yield "a definition must be a JSON object"
        return
    for path, kind in SHAPE.items():
        yield from _faults_at(data, path, kind)
    public_id = data.get("public_id")
    if public_id is not None and not is_public_id(public_id):
        yield f"public_id {public_id!r} is not of the form abc-def-ghi"
    variables = _inside(data, "config.configVariables")
    for index, variable in enumerate(variables if isinstance(variables, list) else ()):
        if isinstance(variable, dict) and not isinstance(variable.get("name"), str):
            yield f"config.configVariables[{index}].name must be a string"
    ci = _inside(data, "options.ci")
    rule = ci.get("executionRule", EXECUTION_RULES[0]) if isinstance(ci, dict) else None
    if isinstance(ci, dict) and rule not in EXECUTION_RULES:
        yield f"options.ci.executionRule {rule!r} is not one of {', '.join(EXECUTION_RULES)}"
    if isinstance(retry := _inside(data, "options.retry"), dict):
        yield from (f"options.{fault}" for fault in _retry_faults(retry))


def unusable(data: object, fault: DefinitionError) -> Definition:
    """A test that `parse` or what is like it refused, for the others beside it to be run.

    Raises the fault where it hides which test it is, or by what it is chosen.
    """
    if not isinstance(data, dict) or not is_public_id(data.get("public_id")):
        raise fault
    whole = {"name": data["public_id"], "type": "api", "config": {}}
    told = ("public_id", "name", "type", "subtype", "tags", "locations", "status")
    try:
        known = parse({**whole, **{key: data[key] for key in told if key in data}})
    except DefinitionError:
        raise fault from None
    return Definition(known.data, str(fault))


def is_public_id(value: object) -> bool:
    return isinstance(value, str) and PUBLIC_ID.fullmatch(value) is not None


def new_public_id() -> str:
    """A random one, in the form and the alphabet of Datadog's."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(3)) for _ in range(3))


def check_retry(retry: Mapping[str, Any]) -> None:
    """Raise DefinitionError unless `retry` is {count, interval}, both numbers in range."""
    for fault in _retry_faults(retry):
        raise DefinitionError(fault)


def _retry_faults(retry: Mapping[str, Any]) -> Iterator[str]:
    for key, value in retry.items():
        if key not in MOST:
            yield f"retry.{key} is not known: retry takes count and interval"
            continue
        whole = isinstance(value, int) or (key == "interval" and isinstance(value, float))
        if not whole or isinstance(value, bool) or not 0 <= value <= MOST[key]:
            yield f"retry.{key} must be a number from 0 to {MOST[key]}"


def _inside(data: Json, path: str) -> Any:
    """The value at the path; None where there is none."""
    value: Any = data
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _faults_at(data: Json, path: str, kind: type | list[type]) -> Iterator[str]:
    value = _inside(data, path)
    if value is None and path not in REQUIRED:
        return
    whole, items = (list, kind[0]) if isinstance(kind, list) else (kind, None)
    if not isinstance(value, whole):
        yield f"{path} is missing" if value is None else f"{path} must be {_NAMES[whole]}"
        return
    for index, item in enumerate(cast("list[Any]", value) if items else ()):
        if items and not isinstance(item, items):
            yield f"{path}[{index}] must be {_NAMES[items]}"
