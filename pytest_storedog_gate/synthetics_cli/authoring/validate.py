"""`storedog-synthetics validate`: all that `run` would refuse in files, and nothing is run."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_storedog_gate.datadog import test_files
from pytest_storedog_gate.errors import ConfigurationError, ExitStatus
from pytest_storedog_gate.local_synthetics.definitions.definition import (
    Definition,
    DefinitionError,
    parse,
    shape_faults,
)
from pytest_storedog_gate.local_synthetics.definitions.files import content_of, files_of
from pytest_storedog_gate.local_synthetics.definitions.known_keys import key_faults_of_test
from pytest_storedog_gate.local_synthetics.definitions.local_files import with_contents
from pytest_storedog_gate.local_synthetics.definitions.suite import parse_suite
from pytest_storedog_gate.local_synthetics.kinds import all_kinds
from pytest_storedog_gate.local_synthetics.variables import variables
from pytest_storedog_gate.outlets.plain_text import long_line
from pytest_storedog_gate.reading.files import lines_in_json, text_of
from pytest_storedog_gate.synthetics_cli.authoring.lines import Lines
from pytest_storedog_gate.synthetics_cli.missing_values import missing_values

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pytest_storedog_gate.local_synthetics.definitions.definition import Json
    from pytest_storedog_gate.local_synthetics.kinds import Kinds
    from pytest_storedog_gate.reading.table import Keys

_PUBLIC_ID = "public_id"


class _Finding(NamedTuple):
    path: Path
    line: int
    sentence: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {long_line(self.sentence)}"


@dataclass(frozen=True)
class _Found:
    """A definition or a suite, and where it stands in which file."""

    path: Path
    lines: Lines
    root: Keys
    data: Any

    def finding(self, sentence: str) -> _Finding:
        return _Finding(self.path, self.lines.about(sentence, self.root), sentence)


def validate(patterns: Sequence[str]) -> int:
    """Say all that is wrong in the files, a line each with file and line; returns the exit status.

    Sub-tests and suites' tests are looked for in these files alone. Raises ConfigurationError for a
    pattern that matches no file.
    """
    try:
        paths = list(files_of(patterns))
    except DefinitionError as error:
        raise ConfigurationError(str(error)) from None
    faults: list[_Finding] = []
    found: list[_Found] = []
    for path in paths:
        try:
            found += _definitions(path)
            faults += _entry_faults(path)
        except DefinitionError as error:
            faults.append(_told(path, str(error)))
    faults += _faults(found)
    order = paths.index
    for finding in sorted(faults, key=lambda one: (order(one.path), one.line)):
        sys.stdout.write(f"{finding}\n")
    for note in _notes(found):
        sys.stdout.write(f"{note}\n")
    files, tests = _counted(len(paths), "file"), _counted(len(found), "definition")
    sys.stdout.write(f"{files}, {tests}: {_counted(len(faults), 'fault')}\n")
    return ExitStatus.USAGE if faults else ExitStatus.OPEN


def _counted(count: int, what: str) -> str:
    return f"{count or 'no'} {what}{'' if count == 1 else 's'}"


def _told(path: Path, sentence: str) -> _Finding:
    """A sentence that names its file itself, and may name the line."""
    place = re.match(r".*?:(\d+): ", sentence)
    line, told = (int(place[1]), place.end()) if place else (1, len(f"{path}: "))
    return _Finding(path, line, sentence[told:])


def _definitions(path: Path) -> Iterator[_Found]:
    content = content_of(path)
    lines = Lines(lines_in_json(text_of(path, str(path))))
    if "tests" not in content:
        yield _Found(path, lines, (), content)
        return
    tests = content["tests"]
    for index, test in enumerate(tests if isinstance(tests, list) else ()):
        if isinstance(test, dict) and "localTestDefinition" in test:
            root = ("tests", index, "localTestDefinition")
            yield _Found(path, lines, root, test["localTestDefinition"])


def _entry_faults(path: Path) -> list[_Finding]:
    """What is wrong around the definitions of a test file."""
    if "tests" not in content_of(path):
        return []
    try:
        test_files.read_one(path, Path.cwd())
    except ConfigurationError as error:
        return [_told(path, sentence) for sentence in str(error).splitlines()]
    return []


def _faults(found: Sequence[_Found]) -> Iterator[_Finding]:
    tests = {one.public_id: one for _, one in _readable_ones(found)}
    kinds = all_kinds(tests)
    first: dict[str, _Found] = {}
    for one in found:
        public_id = _public_id(one.data)
        if public_id in first:
            where = first[public_id].finding(_PUBLIC_ID)
            yield one.finding(
                f"{_PUBLIC_ID} {public_id} is defined twice: {where.path}:{where.line} has it too"
            )
        elif public_id:
            first[public_id] = one
        told = _suite_faults(one.data, tests) if _is_suite(one.data) else _test_faults(one, kinds)
        yield from (one.finding(sentence) for sentence in dict.fromkeys(told))


def _test_faults(found: _Found, kinds: Kinds) -> Iterator[str]:
    data = found.data
    yield from shape_faults(data)
    # What is in a test file has its public ID asked for there.
    if isinstance(data, dict) and data.get(_PUBLIC_ID) is None and not found.root:
        yield f"{_PUBLIC_ID} is missing; give it one like abc-def-ghi"
    data = _readable(data)
    if any(shape_faults(data)):
        yield from key_faults_of_test(data) if isinstance(data, dict) else ()
        return
    try:
        definition = Definition(with_contents(parse(data).data, found.path.parent))
    except DefinitionError as error:
        yield str(error)
        return
    kind = kinds.get((definition.type, definition.subtype))
    if kind is None:
        name = " ".join(filter(None, (definition.type, definition.subtype)))
        yield f"type: tests of type {name} are not supported"
        return
    yield from kind.unsupported(definition)
    # A run may give them; what it must give is a note.
    given = dict.fromkeys((*missing_values(definition, {}, ()), *_addresses(definition)), "")
    yield from variables.unsupported(definition, given)


def _readable(data: Any) -> Any:
    """The definition without what is told of it already and keeps nothing else from being told."""
    if not isinstance(data, dict) or not any(faults := list(shape_faults(data))):
        return data
    wrong = {re.split(r"\W", fault, maxsplit=1)[0] for fault in faults} - {"type", "config"}
    kept = {key: value for key, value in data.items() if key not in wrong}
    if "options" in wrong and isinstance(options := data["options"], dict):
        kept["options"] = {key: options[key] for key in options if key not in ("ci", "retry")}
    return {"name": "any", **kept}


def _addresses(definition: Definition) -> list[str]:
    return [
        str(one.get("name"))
        for key in ("configVariables", "variables")
        for one in definition.config.get(key) or []
        if one.get("type") == "email"
    ]


def _suite_faults(data: Json, tests: Mapping[str, Definition]) -> Iterator[str]:
    try:
        suite = parse_suite(data)
    except DefinitionError as error:
        yield str(error)
        return
    for index, public_id in enumerate(suite.tests):
        if public_id not in tests:
            yield f"data.attributes.tests[{index}]: none of these files defines {public_id}"


def _notes(found: Iterable[_Found]) -> Iterator[_Finding]:
    """What a run has to be given."""
    for one, definition in _readable_ones(found):
        wanted = dict.fromkeys(missing_values(definition, {}, ()), "a value")
        wanted |= dict.fromkeys(_addresses(definition), "--smtp")
        for place, name in _variables(definition):
            if what := wanted.get(name):
                told = f"note: a run wants {what} for the variable {name}"
                yield one.finding(place)._replace(sentence=told)


def _readable_ones(found: Iterable[_Found]) -> Iterator[tuple[_Found, Definition]]:
    for one in found:
        data = _readable(one.data)
        if not _is_suite(data) and not any(shape_faults(data)):
            yield one, parse(data)


def _variables(definition: Definition) -> Iterator[tuple[str, str]]:
    """The place and the name of each that the test declares."""
    for key in ("configVariables", "variables"):
        for index, one in enumerate(definition.config.get(key) or []):
            yield f"config.{key}[{index}]", str(one.get("name"))


def _is_suite(data: object) -> bool:
    return isinstance(data, dict) and "data" in data


def _public_id(data: object) -> str | None:
    value = data.get(_PUBLIC_ID) if isinstance(data, dict) else None
    return value if isinstance(value, str) else None
