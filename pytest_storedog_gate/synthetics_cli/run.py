"""`storedog-synthetics run`: runs checks here, without a service and without pytest."""

from __future__ import annotations

import getpass
import glob
import math
import os
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.datadog import overrides, test_files
from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.local_synthetics.api.listening import receiver_at
from pytest_storedog_gate.local_synthetics.chromium.watching import Watching
from pytest_storedog_gate.local_synthetics.definitions.definition import (
    DefinitionError,
    is_public_id,
)
from pytest_storedog_gate.local_synthetics.definitions.files import Catalog, load
from pytest_storedog_gate.local_synthetics.kinds import all_kinds
from pytest_storedog_gate.local_synthetics.running.event_loop import run_to_end
from pytest_storedog_gate.local_synthetics.running.trigger import (
    Trigger,
    TriggerError,
    parse_trigger,
)
from pytest_storedog_gate.local_synthetics.variables.global_variables import (
    GlobalsError,
    GlobalVariable,
    load_globals,
)
from pytest_storedog_gate.reading import json_text
from pytest_storedog_gate.synthetics_cli import printing
from pytest_storedog_gate.synthetics_cli.missing_values import missing_values
from pytest_storedog_gate.synthetics_cli.printing import conclude
from pytest_storedog_gate.synthetics_cli.running import step_view
from pytest_storedog_gate.synthetics_cli.running.here import results_of
from pytest_storedog_gate.synthetics_cli.running.reports import Reports

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping, Sequence

    from pytest_storedog_gate.datadog.models import Result
    from pytest_storedog_gate.local_synthetics.chromium.attempts import Attempts
    from pytest_storedog_gate.local_synthetics.definitions.definition import Json
    from pytest_storedog_gate.local_synthetics.variables.global_variables import Globals

_CONCURRENCY = 8
_REMEDY = (
    "give --variable NAME=VALUE, for a global variable STOREDOG_GLOBAL_NAME or --globals, or run "
    "this in a terminal"
)


@dataclass(frozen=True)
class Asked:
    """What the command line asks for.

    `wanted`: files and public IDs; `patterns`: files that define further tests. `containing`: a
    text that a check's name, public ID or tags have, in any case. The overrides that are `given`
    win over what files say. `junitxml` and `json`: where reports go.
    """

    wanted: Sequence[str]
    patterns: Sequence[str] = ()
    containing: str = ""
    globals_file: str | None = None
    given: Json = field(default_factory=dict, repr=False)
    smtp: tuple[str, int] | None = None
    artifacts: Attempts | None = None
    junitxml: Path | None = None
    json: Path | None = None
    watching: Watching = field(default_factory=Watching)

    @property
    def files(self) -> list[str]:
        """The patterns of all files that say what is run."""
        named = [one for one in self.wanted if not is_public_id(one)]
        return [*self.patterns, *named]


def run(asked: Asked) -> int:
    """Run the checks; returns the exit status.

    Each outcome is shown as soon as it is known. A file of datadog-ci's form is run with its
    `testOverrides`. Raises ConfigurationError.
    """
    reports = Reports(asked.junitxml, asked.json)
    try:
        known = load_globals(asked.globals_file, os.environ)
        catalog = load(asked.files)
        tests = [{**test, **overrides.merged(test, asked.given)} for test in _tests(asked.wanted)]
        _refuse_unknown([test["public_id"] for test in tests], catalog, asked.files)
        trigger = _containing(asked.containing, parse_trigger({"tests": tests}, catalog))
        values = _asked(trigger, catalog, known)
    except (DefinitionError, GlobalsError, TriggerError) as error:
        raise ConfigurationError(str(error)) from None
    runs = [replace(one, variables={**values, **one.variables}) for one in trigger.runs]
    # As global variables too: what stands for one is secret then.
    stand_ins = {**asked.given.get("variables", {}), **values}
    known = {**{name: GlobalVariable(value) for name, value in stand_ins.items()}, **known}
    receiver = receiver_at(asked.smtp) if asked.smtp else None
    if receiver:
        sys.stderr.write(f"receiving mail on smtp://{receiver.address}\n")
    watching = asked.watching
    # A person who looks at a page takes the time that it takes.
    timeout = math.inf if watching.pause else trigger.batch_timeout
    trigger = replace(trigger, runs=runs, batch_timeout=timeout)
    kinds = all_kinds(catalog.tests, artifacts=asked.artifacts, watching=watching)
    # Nobody watches two at once.
    at_once = _CONCURRENCY if watching == Watching() else 1
    results = run_to_end(_shown(results_of(trigger, kinds, known, smtp=receiver, at_once=at_once)))
    status = conclude(results)
    reports.write(results)
    return status


def _tests(wanted: Sequence[str]) -> list[Json]:
    """The tests of a trigger, each with the overrides of its file; IDs choose among them."""
    found: dict[str, Json] = {}
    chosen: dict[str, Json] = {}
    for one in wanted:
        if is_public_id(one):
            _once(chosen, {"public_id": one})
        else:
            for test in _in_files(one):
                _once(found, test)
    return [found.get(one, test) for one, test in chosen.items()] or list(found.values())


def _once(tests: dict[str, Json], test: Json) -> None:
    if test["public_id"] in tests:
        raise ConfigurationError(f"{test['public_id']} is named twice; name it once")
    tests[test["public_id"]] = test


def _refuse_unknown(public_ids: Sequence[str], catalog: Catalog, files: Sequence[str]) -> None:
    known = {*catalog.tests, *catalog.suites}
    if unknown := ", ".join(one for one in public_ids if one not in known):
        looked = f"none of {', '.join(files)}" if files else "no file is named that"
        raise ConfigurationError(f"{looked} defines {unknown}: name the file that does as well")


def _containing(text: str, trigger: Trigger) -> Trigger:
    """The trigger of those checks alone that have the text."""
    runs = [
        run
        for run in trigger.runs
        if any(
            text.casefold() in said.casefold()
            for said in (run.definition.name, run.definition.public_id, *run.definition.tags)
        )
    ]
    if not runs:
        raise ConfigurationError(
            f"-k {text}: none of {len(trigger.runs)} checks has that in its name, public ID or tags"
        )
    return replace(trigger, runs=runs)


def _in_files(pattern: str) -> Iterator[Json]:
    for path in sorted(glob.glob(pattern, recursive=True)):  # noqa: PTH207 absolute patterns
        content = json_text.loads(Path(path).read_text(encoding="utf-8"))
        if "tests" in content:
            for entry in test_files.read([glob.escape(path)], Path.cwd()):
                version = {} if entry.version is None else {"version": entry.version}
                yield {"public_id": entry.public_id, **version, **entry.overrides}
        else:
            yield {"public_id": _identifier(content)}


def _identifier(content: Mapping[str, Any]) -> str:
    """The ID of a definition or of a suite that was loaded already."""
    if "public_id" in content:
        return str(content["public_id"])
    data = content["data"]
    return str(data.get("id") or data["attributes"]["public_id"])


def _asked(trigger: Trigger, catalog: Catalog, known: Globals) -> dict[str, str]:
    """Values that a person gives for what has none, by name; where nobody can be asked, none.

    A check without a value has no verdict then, and says so; the others run, if there are any.
    """
    wanting: dict[str, list[str]] = {}
    for run in trigger.runs:
        given = {*known, *run.variables}
        if missing := missing_values(run.definition, catalog.tests, given):
            wanting[run.definition.public_id] = missing
    names = dict.fromkeys(name for missing in wanting.values() for name in missing)
    if names and not sys.stdin.isatty():
        if all(run.definition.public_id in wanting for run in trigger.runs):
            raise ConfigurationError(f"no value for {', '.join(names)}: {_REMEDY}")
        for public_id, missing in wanting.items():
            text = f"check {public_id}: no value for {', '.join(missing)}: {_REMEDY}"
            sys.stderr.write(f"{text}\n")
        return {}
    try:
        return {name: getpass.getpass(f"{name}: ") for name in names}
    except EOFError:
        raise ConfigurationError(f"no value for {', '.join(names)}") from None


async def _shown(results: AsyncIterator[Result]) -> list[Result]:
    shown = []
    lines_of = step_view.lines_of if step_view.is_for(sys.stdout) else printing.lines_of
    async for result in results:
        shown.append(result)
        for line in lines_of(result):
            sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
    return shown
