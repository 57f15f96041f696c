"""Multistep API tests (`type: api`, `subtype: multi`): their steps, refused and played.

The flow is that of `flow`.
https://docs.datadoghq.com/synthetics/multistep/
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from pytest_storedog_gate.local_synthetics.assertions.evaluate_all import STEP
from pytest_storedog_gate.local_synthetics.assertions.extraction import (
    extract_all,
    unsupported_extraction,
)
from pytest_storedog_gate.local_synthetics.definitions.definition import (
    DEFAULT_RETRY_INTERVAL,
    Definition,
    DefinitionError,
    check_retry,
)
from pytest_storedog_gate.local_synthetics.definitions.known_keys import API_STEP
from pytest_storedog_gate.local_synthetics.failures import CheckFailed, Failure, InvalidTest
from pytest_storedog_gate.local_synthetics.javascript.scripts import (
    AFTER,
    BEFORE,
    JAVASCRIPT,
    names_set,
    names_written,
)
from pytest_storedog_gate.local_synthetics.kinds import brought_request_keys
from pytest_storedog_gate.local_synthetics.kinds.common import allowed, flow
from pytest_storedog_gate.local_synthetics.kinds.common.flow import Library, Played
from pytest_storedog_gate.local_synthetics.kinds.protocol import Kind, Outcome, Run
from pytest_storedog_gate.local_synthetics.variables.variables import placeholders

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_storedog_gate.local_synthetics.assertions.extraction import Source
    from pytest_storedog_gate.local_synthetics.definitions.definition import Json
    from pytest_storedog_gate.local_synthetics.javascript.scripts import Scripts
    from pytest_storedog_gate.local_synthetics.kinds import Equipment
    from pytest_storedog_gate.local_synthetics.variables.variables import Variables

_LONGEST_WAIT = 180  # s
_FLOW = {"id", "name", "subtype", "allowFailure", "isCritical", "exitIfSucceed", "retry"}
_KEYS = {
    "wait": {"id", "name", "subtype", "value"},
    "playSubTest": _FLOW | {"subtestPublicId", "subtest", "alwaysExecute"},
}
_CHECK_KEYS = _FLOW | {"request", "assertions", "extractedValues", AFTER}
_NOTHING_PROVED = Failure(
    "INVALID_TEST", "No step with assertions passed, so that nothing was proved."
)


class MultistepCheck(Kind):
    """Plays the steps of a test, one after the other."""

    def __init__(self, equipment: Equipment) -> None:
        self._library = _Library(equipment.kinds, equipment.tests, equipment.scripts)

    def unsupported(self, definition: Definition) -> list[str]:
        return self._library.unsupported(definition)

    async def run(self, run: Run, variables: Variables) -> Outcome:
        self._library.check_names(run.definition, variables, set())
        for test in self._library.played(run.definition):
            await self._library.scripts.ready(test)
        begun = time.perf_counter()
        played = await _Player(self._library, variables, run).play(run.definition)
        failure = played.failure or (None if played.proved else _NOTHING_PROVED)
        detail: Json = {
            "steps": played.documents,
            "timings": {"total": round((time.perf_counter() - begun) * 1000, 3)},
        }
        if played.exited:
            detail["exited_on_step_success"] = True
        return Outcome(failure, detail)


@dataclass(frozen=True)
class _Player:
    library: _Library
    variables: Variables
    whole: Run

    async def play(self, test: Definition) -> Played:
        await self.library.scripts.prepare(test, self.variables)
        return await flow.play(
            test.config["steps"],
            lambda step: self._until_final(step, test),
            shown=_shown,
        )

    async def _until_final(self, step: Json, test: Definition) -> Played:
        """Attempt a step as often as it may be; the last attempt counts."""
        retry = step.get("retry") or {}
        count, earlier = retry.get("count", 0), []
        for number in range(count + 1):
            begun, started_at = time.perf_counter(), time.time_ns() // 1_000_000
            played = await self._attempt(step, test)
            duration = round((time.perf_counter() - begun) * 1000, 3)
            document = played.documents[0]
            flow.conclude(document, played.failure)
            document |= {"started_at": started_at, "duration": duration, "retry_count": number}
            document.setdefault("timings", {"total": duration})
            if played.failure is None or played.failure.inconclusive or number == count:
                break
            earlier.append(document)
            await asyncio.sleep(retry.get("interval", DEFAULT_RETRY_INTERVAL) / 1000)
        if earlier:
            document["retries"] = earlier
        return played

    async def _attempt(self, step: Json, test: Definition) -> Played:
        match step["subtype"]:
            case "wait":
                await asyncio.sleep(step["value"])
                return Played([{**_shown(step), "value": step["value"]}])
            case "playSubTest":
                return await self._sub_test(step, test)
            case _:
                return await self._check(step, test)

    async def _sub_test(self, step: Json, test: Definition) -> Played:
        definition = self.library.played_test(step)
        document = {**_shown(step), "sub_test": {"id": definition.public_id}}
        if definition.subtype != "multi":
            outcome, _ = await self._run(definition, {})
            return Played([{**document, **outcome.detail}], outcome.failure, not outcome.failure)
        try:
            played = await self.play(definition)
        except CheckFailed as failed:
            return Played([document], failed.failure)
        for one in played.documents:
            place = one.setdefault("sub_step", {"level": 0, "parent_test": {"id": test.public_id}})
            place["level"] += 1
            if "id" in step:
                place.setdefault("parent_step", {"id": step["id"]})
        proved = played.proved and not played.failure
        return Played([document, *played.documents], played.failure, proved)

    async def _check(self, step: Json, test: Definition) -> Played:
        definition = _step_definition(step, test, self.library.kinds["api", step["subtype"]])
        outcome, extracted = await self._run(definition, step)
        failure = outcome.failure
        if failure is None and step.get("extractedValues") and not extracted:
            raise NotImplementedError(f"{definition.subtype} gives no values")
        lost = [one for one in extracted if "err" in one]
        if failure is None and lost:
            reasons = "; ".join(f"{one['name']}: {one['err']}" for one in lost)
            failure = Failure("INCORRECT_ASSERTION", f"Values were not extracted: {reasons}")
        document = {**_shown(step), **outcome.detail}
        document["assertion_results"] = document.get("assertions", [])
        if extracted:
            document["variables"] = {"config": [], "extracted": extracted}
        return Played([document], failure, failure is None and bool(step.get("assertions")))

    async def _run(self, definition: Definition, step: Json) -> tuple[Outcome, list[Json]]:
        """The outcome of a check, and the values that its step took from the answer."""
        wanted, script = step.get("extractedValues") or [], step.get(AFTER) or ""
        extracted: list[Json] = []
        not_set = names_set(script)

        async def answered(source: Source, response: Json | None = None) -> None:
            extracted.extend(await asyncio.to_thread(extract_all, wanted, source, self.variables))
            if script:
                assert response is not None  # noqa: S101 only a `scriptable` kind has a script
                tells = not definition.request.get("noSavingResponseBody")
                given = await self.library.scripts.extract(
                    script, self.variables, response, tells=tells
                )
                extracted.extend(given)
                if not any("err" in one for one in given):
                    not_set.clear()

        # A value of before must not stand in for one that does not come about.
        for one in wanted:
            self.variables.lose(one["name"], f"step {definition.name!r} did not extract it")
        run = replace(self.whole, definition=definition, answered=answered)
        kind = self.library.kinds["api", definition.subtype]
        try:
            self.variables.hide_credentials(definition)
            return await kind.run(run, self.variables), extracted
        except CheckFailed as failed:
            return Outcome(failed.failure), extracted
        finally:
            for name in not_set:
                self.variables.lose(name, f"step {definition.name!r} did not set it")


def _shown(step: Json) -> Json:
    shown: Json = {key: step[key] for key in ("id", "name", "subtype") if key in step}
    shown["allow_failure"] = step.get("allowFailure", False)
    shown["is_critical"] = step.get("isCritical", False)
    return shown


@dataclass(frozen=True)
class _Library(Library):
    scripts: Scripts

    plays: ClassVar = "api"

    def kind(self, subtype: str) -> Kind | None:
        """The kind that a step or a sub-test is of; None: it can be of no such kind."""
        return None if subtype == "multi" else self.kinds.get(("api", subtype))

    def unsupported(self, definition: Definition, depth: int = 0) -> list[str]:
        own = brought_request_keys(self.kinds)
        problems = allowed.unsupported_parts(definition, {}, config=("steps", BEFORE), own=own)
        problems += self.scripts.unsupported({BEFORE: definition.config.get(BEFORE)})
        steps = definition.config.get("steps") or []
        if not any(one.get("assertions") or one.get("subtype") == "playSubTest" for one in steps):
            problems.append("no step holds an assertion, so that nothing would be checked")
        return problems + [
            f"config.steps[{index}]: {problem}"
            for index, step in enumerate(steps)
            for problem in self._unsupported_step(step, definition, depth)
        ]

    def played(self, definition: Definition) -> Iterator[Definition]:
        """The test and its sub-tests."""
        yield definition
        for step in definition.config.get("steps") or []:
            if step["subtype"] == "playSubTest":
                yield from self.played(self.played_test(step))

    def check_names(self, definition: Definition, variables: Variables, given: set[str]) -> None:
        variables.adopt(definition)
        given |= names_written(definition.config)
        for index, step in enumerate(definition.config["steps"]):
            if step["subtype"] == "playSubTest":
                played = self.played_test(step)
                if played.subtype == "multi":
                    self.check_names(played, variables, given)
                    continue
                variables.adopt(played)
                given |= names_written(played.config)
                step = played.config  # noqa: PLW2901 what it holds is what is sent
            asserted = [
                one for one in step.get("assertions") or [] if one.get("type") != JAVASCRIPT
            ]
            used = placeholders([step.get("request"), asserted, step.get("extractedValues")])
            for name in sorted(used):
                if name not in given and not variables.knows(name):
                    raise InvalidTest(
                        f"config.steps[{index}]: variable {name} has no value: "
                        "it is not defined, and no step before extracts it"
                    )
            given |= {one["name"] for one in step.get("extractedValues") or []}
            given |= names_written(step)

    def _unsupported_step(self, step: Json, test: Definition, depth: int) -> list[str]:
        subtype = step.get("subtype")
        if not isinstance(subtype, str) or not isinstance(step.get("name"), str):
            return ["name and subtype must be strings"]
        others = API_STEP.keys() - _KEYS.get(subtype, _CHECK_KEYS)
        problems = [
            f"{problem} in a step of type {subtype}"
            for problem in allowed.passed_over("", step, API_STEP, others)
        ]
        problems += _unsupported_retry(step.get("retry") or {})
        if subtype == "wait":
            value = step.get("value")
            seconds = None if isinstance(value, str) else value
            return problems + allowed.seconds_up_to(_LONGEST_WAIT, seconds, "value")
        if subtype == "playSubTest":
            return problems + self._unsupported_sub_test(step, depth)
        return problems + self._unsupported_check(step, subtype, test)

    def _unsupported_check(self, step: Json, subtype: str, test: Definition) -> list[str]:
        kind = self.kind(subtype)
        if kind is None:
            return [f"steps of type {subtype} are not supported"]
        if not isinstance(step.get("request"), dict):
            return ["request must be an object"]
        assertions = step.get("assertions") or []
        if not isinstance(assertions, list) or not all(isinstance(one, dict) for one in assertions):
            return ["assertions must be a list of objects"]
        problems = unsupported_extraction(step.get("extractedValues") or [], kind.extractable)
        problems += self.scripts.unsupported({AFTER: step.get(AFTER)})
        if step.get(AFTER) and not kind.scriptable:
            problems.append(f"{AFTER} is not supported in a step of type {subtype}")
        return problems + kind.unsupported(_step_definition(step, test, kind))

    def _unsupported_in(self, played: Definition, depth: int) -> list[str]:
        if played.subtype == "multi":
            return self.unsupported(played, depth)
        if kind := self.kind(played.subtype):
            return kind.unsupported(played)
        return [f"tests of type api {played.subtype} are not supported"]


def _step_definition(step: Json, test: Definition, kind: Kind) -> Definition:
    """A step as a definition of its kind. Its own settings win over the test's options."""
    request = step["request"]
    options = {
        key: test.options[key]
        for key in kind.inherited
        if key in test.options and key not in request
    }
    return Definition(
        {
            "public_id": test.public_id,
            "type": STEP,
            "subtype": step["subtype"],
            "name": step["name"],
            "config": {"request": request, "assertions": step.get("assertions") or []},
            "options": options,
        }
    )


def _unsupported_retry(retry: Any) -> list[str]:
    if not isinstance(retry, dict):
        return ["retry must be an object"]
    try:
        check_retry(retry)
    except DefinitionError as error:
        return [str(error)]
    return []
