"""A kind of check that asks once and asserts what came back: most of its facts are tables."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, ClassVar

import httpx

from pytest_storedog_gate.local_synthetics.assertions.assertion import NAMED
from pytest_storedog_gate.local_synthetics.assertions.evaluate_all import (
    evaluate_all,
    failed_assertions,
    unsupported_assertions,
)
from pytest_storedog_gate.local_synthetics.assertions.operators import GENERAL, NUMERIC
from pytest_storedog_gate.local_synthetics.failures import CheckFailed
from pytest_storedog_gate.local_synthetics.kinds import brought_request_keys
from pytest_storedog_gate.local_synthetics.kinds.common.allowed import unsupported_parts
from pytest_storedog_gate.local_synthetics.kinds.protocol import Kind, Outcome
from pytest_storedog_gate.local_synthetics.network.failures import network_failure
from pytest_storedog_gate.local_synthetics.variables.variables import filled
from pytest_storedog_gate.secrets.places import mask_headers

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Coroutine, Iterable, Iterator, Mapping

    from pytest_storedog_gate.local_synthetics.assertions.assertion import Actual, Operators
    from pytest_storedog_gate.local_synthetics.assertions.extraction import Source
    from pytest_storedog_gate.local_synthetics.definitions.definition import Definition, Json
    from pytest_storedog_gate.local_synthetics.kinds import Equipment
    from pytest_storedog_gate.local_synthetics.kinds.protocol import Run
    from pytest_storedog_gate.local_synthetics.network.stopwatch import Sighting
    from pytest_storedog_gate.local_synthetics.variables.variables import Variables

_SHOWN_TEXT = 50_000  # characters, Datadog's limit in bytes of a body
ORDERED = (NUMERIC & GENERAL) | {"is", "isNot"}
"""The operators of what is a number."""
TEXTUAL = frozenset({"is", "isNot", "contains", "doesNotContain", "matches", "doesNotMatch"})
"""The operators of what is a text."""


class ProbingCheck(Kind):
    """Refuses what its tables do not have, and gives its probe a time limit as a whole."""

    operators: ClassVar[Mapping[str, Operators]]
    """What can be asserted, per `callType`; of a kind without one, under ""."""
    properties: ClassVar[Mapping[str, str | tuple[str, ...]]] = {}
    """Per type of assertion the words that its `property` may be, or what else it names."""
    config_keys: ClassVar[Collection[str]] = ("request", "assertions")
    refused_options: ClassVar[Collection[str]] = ()
    """Those of `options` that it cannot honour."""

    def __init__(self, equipment: Equipment) -> None:
        self.equipment = equipment

    def call_of(self, _definition: Definition) -> str:
        """The `callType` of a definition."""
        return ""

    def unsupported(self, definition: Definition) -> list[str]:
        problems = unsupported_parts(
            definition,
            self.fields,
            config=self.config_keys,
            options=self.refused_options,
            own=brought_request_keys(self.equipment.kinds),
        )
        call = self.call_of(definition)
        if call not in self.operators:
            return [*problems, f"config.request.callType {call!r} is not supported"]
        problems += unsupported_assertions(definition, self.operators[call])
        return [*problems, *self._unsupported_properties(definition)]

    def _unsupported_properties(self, definition: Definition) -> Iterator[str]:
        for index, assertion in enumerate(definition.config.get("assertions") or []):
            wanted = self.properties.get(str(assertion.get("type")))
            given = assertion.get("property")
            where = f"config.assertions[{index}]: property must"
            if isinstance(wanted, tuple) and given not in wanted:
                yield f"{where} be one of {', '.join(wanted)}"
            elif isinstance(wanted, str) and not isinstance(given, str):
                yield f"{where} name {wanted}"

    async def check(  # noqa: PLR0913, PLR0917 each is another thing
        self,
        run: Run,
        variables: Variables,
        seen: Sighting,
        probe: Coroutine[Any, Any, None],
        actual: Actual,
        timeout: float,  # noqa: ASYNC109 the definition's, for the whole
        *,
        part: Source | None = None,
        response: Callable[[], Json] | None = None,
    ) -> Outcome:
        """Await the probe, at most `timeout` seconds, then evaluate the assertions.

        Errors of sockets, of TLS and of HTTP become Datadog's failures, with what was seen until
        then. `actual` gives the values that assertions look at, but for `responseTime`; `part` what
        steps can extract; `response` what scripts know as `dd.response`.
        """
        try:
            await within(timeout, seen, probe)
        except CheckFailed as failed:
            return Outcome(failed.failure, _detail(seen, [], variables))
        told = response() if response else None
        if part:
            await run.answered(part, told)
        scripts = self.equipment.scripts
        keeps_body = not run.definition.request.get("noSavingResponseBody")
        results = await evaluate_all(
            run.definition.config.get("assertions") or [],
            self.operators[self.call_of(run.definition)],
            with_response_time(seen, actual),
            variables,
            shown=lambda result: _shown(result, keeps_body=keeps_body),
            script=lambda one: scripts.evaluate(one, variables, told or {}, tells=keeps_body),
        )
        detail = _detail(seen, results, variables, keeps_body=keeps_body)
        return Outcome(failed_assertions(results), detail)


async def within(limit: float, seen: Sighting, probe: Coroutine[Any, Any, None]) -> None:
    """Await the probe, at most `limit` seconds. Raises CheckFailed."""
    seen.restart()
    try:
        async with asyncio.timeout(limit) as timeout:
            await probe
    except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as error:
        if isinstance(error, TimeoutError) and timeout.expired():
            raise timed_out(limit) from None
        raise network_failure(error) from None
    finally:
        seen.finish()


def timed_out(limit: float) -> CheckFailed:
    """The failure of what took longer than `limit` seconds."""
    return CheckFailed(
        "TIMEOUT", f"The request couldn't be completed in a reasonable time: {limit:g} s."
    )


def with_response_time(seen: Sighting, actual: Actual) -> Actual:
    """`actual`, for `responseTime` too."""

    def found(assertion: Json) -> Any:
        timed = assertion["type"] == "responseTime"
        return seen.response_time(assertion) if timed else actual(assertion)

    return found


def joined(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Headers by name, several of one name as one (RFC 9110, 5.2): an assertion looks at all."""
    found: dict[str, str] = {}
    for name, value in headers:
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def _detail(
    seen: Sighting, results: list[Json], variables: Variables, *, keeps_body: bool = True
) -> Json:
    """What was found, without secrets and without what is too long for a result."""
    timings = {stage: round(ms, 3) for stage, ms in seen.timings.items()}
    detail = variables.masked({**seen.detail, "timings": timings, "assertions": results})
    response = detail.get("response", {})
    if not keeps_body:
        response.pop("body", None)
    for key in ("body", "message"):
        if key in response:
            response[f"is_{key}_truncated"] = len(response[key]) > _SHOWN_TEXT
    return dict(filled(detail, lambda text: text[:_SHOWN_TEXT]))


def _shown(result: Json, *, keeps_body: bool) -> Any:
    actual = result["actual"]
    # The property's name may say that the value is secret.
    if result["type"] in NAMED and actual is not None:
        return mask_headers({result["property"]: actual})[result["property"]]
    return None if result["type"] == "body" and not keeps_body else actual
