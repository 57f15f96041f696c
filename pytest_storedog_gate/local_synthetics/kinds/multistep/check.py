"""Multistep API tests (`type: api`, `subtype: multi`).

The flow is that of `flow`.
https://docs.datadoghq.com/synthetics/multistep/
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_storedog_gate.local_synthetics.assertions.extraction import extract_all
from pytest_storedog_gate.local_synthetics.definitions.definition import DEFAULT_RETRY_INTERVAL
from pytest_storedog_gate.local_synthetics.failures import CheckFailed, Failure
from pytest_storedog_gate.local_synthetics.javascript.scripts import AFTER, names_set
from pytest_storedog_gate.local_synthetics.kinds.common import flow
from pytest_storedog_gate.local_synthetics.kinds.common.flow import Played
from pytest_storedog_gate.local_synthetics.kinds.multistep.steps import ApiLibrary, step_definition
from pytest_storedog_gate.local_synthetics.kinds.protocol import Kind, Outcome, Run

if TYPE_CHECKING:
    from pytest_storedog_gate.local_synthetics.assertions.extraction import Source
    from pytest_storedog_gate.local_synthetics.definitions.definition import Definition, Json
    from pytest_storedog_gate.local_synthetics.kinds import Equipment
    from pytest_storedog_gate.local_synthetics.variables.variables import Variables

_NOTHING_PROVED = Failure(
    "INVALID_TEST", "No step with assertions passed, so that nothing was proved."
)


class MultistepCheck(Kind):
    """Plays the steps of a test, one after the other."""

    def __init__(self, equipment: Equipment) -> None:
        self._library = ApiLibrary(equipment.kinds, equipment.tests, equipment.scripts)

    def unsupported(self, definition: Definition) -> list[str]:
        return self._library.unsupported(definition)

    async def run(self, run: Run, variables: Variables) -> Outcome:
        self._library.check_names(run.definition, variables)
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
    library: ApiLibrary
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
        definition = step_definition(step, test, self.library.known_kind(step["subtype"]))
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
        kind = self.library.known_kind(definition.subtype)
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
