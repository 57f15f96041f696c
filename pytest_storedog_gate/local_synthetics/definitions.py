"""Test definitions: what a file may hold, and reading them.

A file is a datadog-ci test file (`{"tests": [{"localTestDefinition": {...}}]}`) or one definition
as the API returns it.
"""

from __future__ import annotations

import glob
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pytest_storedog_gate.local_synthetics import strict_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Json = dict[str, Any]

EXECUTION_RULES = ("blocking", "non_blocking", "skipped")  # from strict to lenient
DEFAULT_RETRY_INTERVAL = 300  # ms, Datadog's
DAY = 86_400_000  # ms
_MOST: Mapping[str, int] = {"count": 100, "interval": DAY}
_PUBLIC_ID = re.compile(r"[a-z0-9]{3}-[a-z0-9]{3}-[a-z0-9]{3}")
_UNIDENTIFIED = "local"  # what datadog-ci shows for a local definition without a public_id

# Only what every kind relies on; the rest is for the kind to accept or refuse.
_REQUIRED: Mapping[str, type] = {"type": str, "name": str, "config": dict}
_OPTIONAL: Mapping[str, type] = {
    "subtype": str,
    "options": dict,
    "locations": list,
    "tags": list,
    "config.request": dict,
    "config.assertions": list,
    "config.configVariables": list,
    "options.ci": dict,
    "options.retry": dict,
}
_NAMES: Mapping[type, str] = {dict: "an object", list: "a list", str: "a string"}


class DefinitionError(ValueError):
    """A definition or a definition file is unusable; the text says which and why."""


@dataclass(frozen=True)
class Definition:
    """One Synthetics test, as JSON of the shape that `parse` checked."""

    data: Json

    @property
    def public_id(self) -> str:
        return cast("str", self.data.get("public_id", _UNIDENTIFIED))

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
    def config(self) -> Json:
        return cast("Json", self.data["config"])

    @property
    def request(self) -> Json:
        return self.config.get("request") or {}

    @property
    def options(self) -> Json:
        return self.data.get("options") or {}

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
    """Check the shape that every kind relies on. Raises DefinitionError."""
    if not isinstance(data, dict):
        raise DefinitionError("a definition must be a JSON object")
    for path, kind in {**_REQUIRED, **_OPTIONAL}.items():
        _check_shape(data, path, kind)
    public_id = data.get("public_id", _UNIDENTIFIED)
    if public_id != _UNIDENTIFIED and not is_public_id(public_id):
        raise DefinitionError(f"public_id {public_id!r} is not of the form abc-def-ghi")
    _check_items(data)
    _check_options(data.get("options", {}))
    return Definition(data)


def is_public_id(value: object) -> bool:
    return isinstance(value, str) and _PUBLIC_ID.fullmatch(value) is not None


def check_retry(retry: Mapping[str, Any]) -> None:
    """Raise DefinitionError unless `retry` is {count, interval}, both numbers in range."""
    for key, value in retry.items():
        if key not in _MOST:
            raise DefinitionError(f"retry.{key} is not known: retry takes count and interval")
        whole = isinstance(value, int) or (key == "interval" and isinstance(value, float))
        if not whole or isinstance(value, bool) or not 0 <= value <= _MOST[key]:
            raise DefinitionError(f"retry.{key} must be a number from 0 to {_MOST[key]}")


def load(patterns: Iterable[str]) -> dict[str, Definition]:
    """Read every definition of the files that the glob patterns match, by public ID.

    Raises DefinitionError: a pattern without a match, an unreadable or malformed file, a definition
    without a valid public_id, a public_id defined twice, or nothing defined at all.
    """
    found: dict[str, Definition] = {}
    source: dict[str, Path] = {}
    paths = list(_files(patterns))
    for path in paths:
        for definition in _read(path):
            public_id = definition.public_id
            if public_id in found:
                raise DefinitionError(
                    f"public_id {public_id} is defined twice: in {source[public_id]} and {path}"
                )
            found[public_id], source[public_id] = definition, path
    if paths and not found:
        raise DefinitionError(f"no definition in {', '.join(map(str, paths))}")
    return found


def _check_shape(data: Json, path: str, kind: type) -> None:
    value: Any = data
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    if value is None and path not in _REQUIRED:
        return
    if not isinstance(value, kind):
        problem = "is missing" if value is None else f"must be {_NAMES[kind]}"
        raise DefinitionError(f"{path} {problem}")


def _check_items(data: Json) -> None:
    config = data["config"]
    for path, items, kind in (
        ("locations", data.get("locations"), str),
        ("tags", data.get("tags"), str),
        ("config.assertions", config.get("assertions"), dict),
        ("config.configVariables", config.get("configVariables"), dict),
    ):
        for index, item in enumerate(items or []):
            if not isinstance(item, kind):
                raise DefinitionError(f"{path}[{index}] must be {_NAMES[kind]}")
    for index, variable in enumerate(config.get("configVariables") or []):
        if not isinstance(variable.get("name"), str):
            raise DefinitionError(f"config.configVariables[{index}].name must be a string")


def _check_options(options: Json) -> None:
    rule = (options.get("ci") or {}).get("executionRule", "blocking")
    if rule not in EXECUTION_RULES:
        raise DefinitionError(
            f"options.ci.executionRule {rule!r} is not one of {', '.join(EXECUTION_RULES)}"
        )
    check_retry(options.get("retry") or {})


def _files(patterns: Iterable[str]) -> Iterator[Path]:
    seen: set[Path] = set()
    for pattern in patterns:
        matches = sorted(path for path in map(Path, glob.glob(pattern, recursive=True)))  # noqa: PTH207 absolute patterns
        if not matches:
            raise DefinitionError(f"no file matches {pattern}")
        for path in matches:
            if path.resolve() not in seen:
                seen.add(path.resolve())
                yield path


def _read(path: Path) -> Iterator[Definition]:
    try:
        content = strict_json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise DefinitionError(f"{path}, line {error.lineno}: not valid JSON: {error.msg}") from None
    except UnicodeDecodeError:
        raise DefinitionError(f"{path}: not UTF-8 text") from None
    except ValueError as error:
        raise DefinitionError(f"{path}: not valid JSON: {error}") from None
    except OSError as error:
        raise DefinitionError(f"{path}: {error.strerror}") from None
    for where, data in _entries(path, content):
        try:
            definition = parse(data)
        except DefinitionError as error:
            raise DefinitionError(f"{where}: {error}") from None
        if "public_id" not in definition.data:
            raise DefinitionError(f"{where}: public_id is missing; give it one like abc-def-ghi")
        yield definition


def _entries(path: Path, content: object) -> Iterator[tuple[str, object]]:
    if not isinstance(content, dict):
        raise DefinitionError(f"{path}: must be a JSON object")
    if "tests" not in content:
        yield str(path), content
        return
    tests = content["tests"]
    if not isinstance(tests, list):
        raise DefinitionError(f"{path}: tests must be a list")
    for index, test in enumerate(tests):
        where = f"{path}: tests[{index}]"
        if not isinstance(test, dict) or not ({"id", "localTestDefinition"} & test.keys()):
            raise DefinitionError(f"{where}: must hold an id or a localTestDefinition")
        # An entry with an id alone refers to a test; it defines none.
        if "localTestDefinition" in test:
            yield where, test["localTestDefinition"]
