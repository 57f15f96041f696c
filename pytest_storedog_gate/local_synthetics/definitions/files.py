"""The tests and suites that can be triggered by public ID, and the files that define them.

A file is a datadog-ci test file (`{"tests": [{"localTestDefinition": {...}}]}`), one definition or
one suite (`{"data": {"type": "suites", ...}}`), both as the API returns them.
"""

from __future__ import annotations

import glob
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.local_synthetics.definitions.definition import (
    Definition,
    DefinitionError,
    parse,
    unusable,
)
from pytest_storedog_gate.local_synthetics.definitions.known_keys import key_faults, keys
from pytest_storedog_gate.local_synthetics.definitions.local_files import with_contents
from pytest_storedog_gate.local_synthetics.definitions.suite import Suite, parse_suite
from pytest_storedog_gate.reading import json_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

# `config` is what datadog-ci called `testOverrides` before.
ENTRY = keys("id version testOverrides config suite localTestDefinition")
FILE = keys("$schema", tests=[ENTRY])


@dataclass(frozen=True)
class Catalog:
    """What can be triggered, by public ID; no ID is both a test's and a suite's."""

    tests: Mapping[str, Definition] = field(default_factory=dict)
    suites: Mapping[str, Suite] = field(default_factory=dict)


def load(patterns: Iterable[str]) -> Catalog:
    """Read everything that the files define which the glob patterns match.

    Raises DefinitionError: a pattern without a match, an unreadable or malformed file, a definition
    without a valid public_id or with tags that are none, a public_id defined twice, a suite with a
    test that no file defines, or nothing defined at all.
    """
    tests: dict[str, Definition] = {}
    suites: dict[str, Suite] = {}
    source: dict[str, Path] = {}
    paths = list(files_of(patterns))
    for path in paths:
        for found in _read(path):
            public_id = found.public_id
            if public_id in source:
                raise DefinitionError(
                    f"public_id {public_id} is defined twice: in {source[public_id]} and {path}"
                )
            source[public_id] = path
            if isinstance(found, Suite):
                suites[public_id] = found
            else:
                tests[public_id] = found
    if paths and not source:
        raise DefinitionError(f"no definition in {', '.join(map(str, paths))}")
    for public_id, suite in suites.items():
        if missing := [test for test in suite.tests if test not in tests]:
            raise DefinitionError(
                f"{source[public_id]}: suite {public_id} has tests that no file defines: "
                f"{', '.join(missing)}"
            )
    return Catalog(tests, suites)


def files_of(patterns: Iterable[str]) -> Iterator[Path]:
    """Each file that a pattern matches, once. Raises DefinitionError where one matches none."""
    seen: set[Path] = set()
    for pattern in patterns:
        matches = sorted(map(Path, glob.glob(pattern, recursive=True)))  # noqa: PTH207 absolute patterns
        if not matches:
            raise DefinitionError(f"no file matches {pattern}")
        for path in matches:
            if path.resolve() not in seen:
                seen.add(path.resolve())
                yield path


def _read(path: Path) -> Iterator[Definition | Suite]:
    content = content_of(path)
    if "tests" not in content:
        yield _parsed(str(path), content, path.parent)
        return
    tests = content["tests"]
    if not isinstance(tests, list):
        raise DefinitionError(f"{path}: tests must be a list")
    for index, test in enumerate(tests):
        if not isinstance(test, dict) or not ({"id", "localTestDefinition"} & test.keys()):
            what = (
                "holds a definition itself, which belongs into its localTestDefinition: write"
                ' {"localTestDefinition": {...}}'
                if isinstance(test, dict) and {"name", "type"} & test.keys()
                else "must hold an id or a localTestDefinition"
            )
            raise DefinitionError(f"{path}: tests[{index}]: {what}")
    if unknown := key_faults(content, FILE):
        raise DefinitionError(f"{path}: {'; '.join(unknown)}")
    for index, test in enumerate(tests):
        where = f"{path}: tests[{index}]"
        # An entry with an id alone refers to a test; it defines none.
        if "localTestDefinition" in test:
            yield _parsed(where, test["localTestDefinition"], path.parent)


def content_of(path: Path) -> dict[str, Any]:
    """The JSON object that a file holds. Raises DefinitionError."""
    try:
        content = json_text.loads(path.read_text(encoding="utf-8"), strict=True)
    except json.JSONDecodeError as error:
        raise DefinitionError(f"{path}:{error.lineno}: not valid JSON: {error.msg}") from None
    except UnicodeDecodeError:
        raise DefinitionError(f"{path}: not UTF-8 text") from None
    except ValueError as error:
        raise DefinitionError(f"{path}: not valid JSON: {error}") from None
    except OSError as error:
        raise DefinitionError(f"{path}: {error.strerror}") from None
    if not isinstance(content, dict):
        raise DefinitionError(f"{path}: must be a JSON object")
    return content


def _parsed(where: str, data: object, folder: Path) -> Definition | Suite:
    try:
        if isinstance(data, dict) and "data" in data:
            return parse_suite(data)
        if isinstance(data, dict) and data.get("public_id") is None:
            raise DefinitionError("public_id is missing; give it one like abc-def-ghi")  # noqa: TRY301
        return Definition(with_contents(parse(data).data, folder))
    except DefinitionError as error:
        return unusable(data, DefinitionError(f"{where}: {error}"))
