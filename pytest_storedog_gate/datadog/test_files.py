"""datadog-ci's test files, `*.synthetics.json`: which checks to run, each with its overrides.

The format is datadog-ci's `test-config.schema.json`. The local service reads the same files for
what is in `localTestDefinition`.
"""

from __future__ import annotations

import glob
import re
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.datadog import overrides
from pytest_storedog_gate.datadog.public_ids import CheckReference, is_public_id
from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.reading.files import json_table
from pytest_storedog_gate.reading.kinds import OBJECT, STRING, WHOLE, Kind
from pytest_storedog_gate.reading.table import Table, together

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_FILE = {
    "$schema": STRING,
    "tests": Kind("a list of tests, and not empty", lambda v: isinstance(v, list) and bool(v)),
}
_VERSION = Kind("a whole number, at least 1", lambda v: WHOLE.fits(v) and v > 0)
_CHECK = STRING.meaning(CheckReference.parse)
_STORED = {"id": _CHECK, "version": _VERSION, "testOverrides": OBJECT, "suite": STRING}
_LOCAL = {"localTestDefinition": OBJECT, "testOverrides": OBJECT, "suite": STRING}
_RENAMED = {"config": "datadog-ci has named it testOverrides since; rename it"}
_BRACES = re.compile(r"\{([^{}]*)\}")
_EXTENDED = re.compile(r"[!?*+@]\(")


@dataclass(frozen=True)
class CheckEntry:
    """One check in a file; `definition` is there for a check that is not stored in Datadog."""

    public_id: str
    version: int | None
    overrides: Mapping[str, Any] = field(repr=False)
    definition: Mapping[str, Any] | None = field(repr=False)
    file: Path


def read(patterns: Iterable[str], root: Path) -> tuple[CheckEntry, ...]:
    """All entries of the files that the glob patterns match, in order; none without a pattern.

    Patterns are relative to `root`, may hold `**` and `{a,b}`, and leave out node_modules.
    ConfigurationError names the pattern, or the file and the line or JSON path: a pattern without
    a match, a malformed file, an entry that cannot be told apart, a check in two places.
    """
    places: dict[str, str] = {}
    entries = []
    read_files = together(*(partial(read_one, path, root) for path in _files(patterns, root)))
    for found in read_files:
        for place, entry in found:
            if entry.public_id in places:
                raise ConfigurationError(
                    f"{place}: {entry.public_id} is also in {places[entry.public_id]}; a check has "
                    "one place, where its overrides are"
                )
            places[entry.public_id] = place
            entries.append(entry)
    return tuple(entries)


def _files(patterns: Iterable[str], root: Path) -> Iterator[Path]:
    seen = set()
    for pattern in patterns:
        # datadog-ci's own default says it so, and here nothing in node_modules matches anyway.
        simple = pattern.replace("!(node_modules)", "*")
        if _EXTENDED.search(simple):
            raise ConfigurationError(
                f"the pattern {pattern!r} cannot be read; write it with *, **, ?, [...] and {{a,b}}"
            )
        found = {
            match
            for alternative in _alternatives(simple)
            for match in glob.glob(alternative, root_dir=root, recursive=True)  # noqa: PTH207 Path.glob refuses absolute patterns
            if "node_modules" not in Path(match).parts and (root / match).is_file()
        }
        if not found:
            raise ConfigurationError(f"no file in {root} matches {pattern!r}; name existing ones")
        for path in (root / match for match in sorted(found)):
            if path.resolve() not in seen:
                seen.add(path.resolve())
                yield path


def _alternatives(pattern: str) -> list[str]:
    """`{a,b}.json` as `a.json` and `b.json`."""
    braces = _BRACES.search(pattern)
    if braces is None:
        return [pattern]
    start, end = pattern[: braces.start()], pattern[braces.end() :]
    return [one for choice in braces[1].split(",") for one in _alternatives(start + choice + end)]


def read_one(path: Path, root: Path) -> list[tuple[str, CheckEntry]]:
    """The entries of one file, each with its place; ConfigurationError names all that is wrong."""
    name = str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
    file = json_table(path, name)
    if "tests" not in file.data:
        raise ConfigurationError(f"{name}: no test file: the key 'tests' is missing; add it")
    tests = file.data["tests"]
    count = len(tests) if isinstance(tests, list) else 0
    _, *placed = together(
        partial(file.read, _FILE), *(partial(_placed, file, index, path) for index in range(count))
    )
    return placed


def _placed(file: Table, index: int, path: Path) -> tuple[str, CheckEntry]:
    here, test = ("tests", index), file.data["tests"][index]
    told = test.keys() if isinstance(test, dict) else ()
    if {"name", "type"} & {*told} and not {"id", "localTestDefinition"} & {*told}:
        raise file.error(
            here,
            "holds a definition itself, which belongs into its localTestDefinition: write "
            '{"localTestDefinition": {...}}',
        )
    if ("id" in told) == ("localTestDefinition" in told):
        raise file.error(here, "must be an object with either an id or a localTestDefinition")
    table = Table(test, file.document, here)
    return table.place, _entry(table, path)


def _entry(test: Table, path: Path) -> CheckEntry:
    values = test.read(_STORED if "id" in test.data else _LOCAL, _RENAMED)
    own = overrides.validated(test.table("testOverrides"))
    if "id" in values:
        check = values["id"]
        version = values.get("version", check.version)
        if check.version not in (None, version):
            raise test.error((), "id and version name two versions; keep one of them")
        return CheckEntry(check.public_id, version, own, None, path)
    definition = values["localTestDefinition"]
    public_id = definition.get("public_id")
    if not is_public_id(public_id):
        raise test.error(
            ("localTestDefinition", "public_id"),
            "must be there and like abc-def-ghi: without it results cannot be told apart",
        )
    return CheckEntry(public_id, None, own, definition, path)
