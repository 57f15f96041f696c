"""`storedog-synthetics run`: runs checks here, without a service and without pytest."""

from __future__ import annotations

import contextlib
import getpass
import glob
import math
import os
import sys
from dataclasses import replace
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
from pytest_storedog_gate.local_synthetics.kinds import all_kinds, close_all
from pytest_storedog_gate.local_synthetics.running.batches import Batches
from pytest_storedog_gate.local_synthetics.running.event_loop import run_to_end
from pytest_storedog_gate.local_synthetics.running.results import Results
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
from pytest_storedog_gate.synthetics_cli.judged_here import judged_here
from pytest_storedog_gate.synthetics_cli.missing_values import missing_values
from pytest_storedog_gate.synthetics_cli.printing import conclude, show

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_storedog_gate.datadog.models import Result
    from pytest_storedog_gate.local_synthetics.definitions.definition import Json
    from pytest_storedog_gate.local_synthetics.kinds import Kinds
    from pytest_storedog_gate.local_synthetics.mail.receiver import SmtpReceiver
    from pytest_storedog_gate.local_synthetics.variables.global_variables import Globals

_CONCURRENCY = 8
_REMEDY = (
    "give --variable NAME=VALUE, for a global variable STOREDOG_GLOBAL_NAME or --globals, or run "
    "this in a terminal"
)


def run(  # noqa: PLR0913  # what its options say
    wanted: Sequence[str],
    *,
    patterns: Sequence[str],
    globals_file: str | None,
    given: Json,
    smtp: tuple[str, int] | None,
    artifacts: Path | None,
    watching: Watching,
) -> int:
    """Run the checks that `wanted` names by file or public ID; returns the exit status.

    Each outcome is shown as soon as it is known. A file of datadog-ci's form is run with its
    `testOverrides`; the `given` ones win over them. Raises ConfigurationError.
    """
    paths = [one for one in wanted if not is_public_id(one)]
    try:
        known = load_globals(globals_file, os.environ)
        catalog = load([*patterns, *paths])
        tests = [{**test, **overrides.merged(test, given)} for test in _tests(wanted)]
        trigger = parse_trigger({"tests": tests}, catalog)
        asked = _asked(trigger, catalog, known)
    except (DefinitionError, GlobalsError, TriggerError) as error:
        raise ConfigurationError(str(error)) from None
    runs = [replace(one, variables={**asked, **one.variables}) for one in trigger.runs]
    # As global variables too: what stands for one is secret then.
    stand_ins = {**given.get("variables", {}), **asked}
    known = {**{name: GlobalVariable(value) for name, value in stand_ins.items()}, **known}
    receiver = receiver_at(smtp) if smtp else None
    if receiver:
        sys.stderr.write(f"receiving mail on smtp://{receiver.address}\n")
    # A person who looks at a page takes the time that it takes.
    timeout = math.inf if watching.pause else trigger.batch_timeout
    trigger = replace(trigger, runs=runs, batch_timeout=timeout)
    kinds = all_kinds(catalog.tests, artifacts=artifacts, watching=watching)
    # Nobody watches two at once.
    at_once = _CONCURRENCY if watching == Watching() else 1
    results = run_to_end(_run(trigger, kinds, known, receiver, at_once))
    return conclude(results)


def _tests(wanted: Sequence[str]) -> list[Json]:
    """The tests of a trigger, each with the overrides of its file."""
    tests: dict[str, Json] = {}
    for one in wanted:
        for test in [{"public_id": one}] if is_public_id(one) else _in_files(one):
            if test["public_id"] in tests:
                raise ConfigurationError(f"{test['public_id']} is named twice; name it once")
            tests[test["public_id"]] = test
    return list(tests.values())


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


async def _run(
    trigger: Trigger, kinds: Kinds, known: Globals, smtp: SmtpReceiver | None, at_once: int
) -> list[Result]:
    kept = Results()
    mailboxes = smtp.mailboxes if smtp else None
    batches = Batches(kinds, kept, at_once, known, mailboxes=mailboxes)
    results = []
    try:
        async with smtp.receiving() if smtp else contextlib.nullcontext():
            async for entry in batches.ended(batches.start(trigger)):
                results.append(judged_here(entry.document(), kept))
                show([results[-1]])
    finally:
        await batches.close()
        await close_all(kinds)
    return results
