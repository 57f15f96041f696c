"""One attempt of a check beside http: its time limit, its timings and its verdict."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.local_synthetics.assertions.assertion import NAMED
from pytest_storedog_gate.local_synthetics.assertions.evaluate_all import (
    evaluate_all,
    failed_assertions,
)
from pytest_storedog_gate.local_synthetics.assertions.operators import GENERAL, NUMERIC
from pytest_storedog_gate.local_synthetics.failures import CheckFailed
from pytest_storedog_gate.local_synthetics.kinds.common.request_check import RequestCheck
from pytest_storedog_gate.local_synthetics.kinds.protocol import Outcome
from pytest_storedog_gate.local_synthetics.network.failures import network_failure
from pytest_storedog_gate.secrets.places import mask_headers

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable

    from pytest_storedog_gate.local_synthetics.assertions.assertion import Actual
    from pytest_storedog_gate.local_synthetics.definitions.definition import Json
    from pytest_storedog_gate.local_synthetics.kinds.protocol import Run
    from pytest_storedog_gate.local_synthetics.network.stopwatch import Sighting
    from pytest_storedog_gate.local_synthetics.variables.variables import Variables

_SHOWN_TEXT = 50_000  # characters of a message that a result holds
ORDERED = (NUMERIC & GENERAL) | {"is", "isNot"}
"""The operators of what is a number."""
TEXTUAL = frozenset({"is", "isNot", "contains", "doesNotContain", "matches", "doesNotMatch"})
"""The operators of what is a text."""


class ProbingCheck(RequestCheck):
    """A kind whose probe has a time limit as a whole; it is all of them but http."""

    async def check(  # noqa: PLR0913, PLR0917 each is another thing
        self,
        run: Run,
        variables: Variables,
        seen: Sighting,
        probe: Coroutine[Any, Any, None],
        actual: Actual,
        timeout: float,  # noqa: ASYNC109 the definition's, for the whole
    ) -> Outcome:
        """Await the probe, at most `timeout` seconds, then evaluate the assertions.

        Errors of sockets and of TLS become Datadog's failures, with what was seen until then.
        `actual` gives the values that assertions look at, but for `responseTime`.
        """
        try:
            await _within(timeout, seen, probe)
        except CheckFailed as failed:
            return Outcome(failed.failure, _detail(seen, []))

        def found(assertion: Json) -> Any:
            timed = assertion["type"] == "responseTime"
            return seen.response_time(assertion) if timed else actual(assertion)

        operators = self.operators[self.call_of(run.definition)]
        wanted = run.definition.config.get("assertions") or []
        results = await evaluate_all(wanted, operators, found, variables, shown=_shown)
        return Outcome(failed_assertions(results), _detail(seen, results))


async def _within(timeout: float, seen: Sighting, probe: Coroutine[Any, Any, None]) -> None:  # noqa: ASYNC109 it is a user's setting
    seen.restart()
    try:
        async with asyncio.timeout(timeout) as limit:
            await probe
    except (OSError, UnicodeError) as error:
        if isinstance(error, TimeoutError) and limit.expired():
            raise timed_out(timeout) from None
        raise network_failure(error) from None
    finally:
        seen.finish()


def timed_out(limit: float) -> CheckFailed:
    """The failure of what took longer than `limit` seconds."""
    return CheckFailed(
        "TIMEOUT", f"The request couldn't be completed in a reasonable time: {limit:g} s."
    )


def joined(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Headers by name, several of one name as one (RFC 9110, 5.2): an assertion looks at all."""
    found: dict[str, str] = {}
    for name, value in headers:
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def cut(text: str, variables: Variables) -> tuple[str, bool]:
    """A text without secrets, as long as a result may hold it, and whether it was longer."""
    text = variables.masked(text)
    return text[:_SHOWN_TEXT], len(text) > _SHOWN_TEXT


def _detail(seen: Sighting, results: list[Json]) -> Json:
    timings = {stage: round(ms, 3) for stage, ms in seen.timings.items()}
    return {**seen.detail, "timings": timings, "assertions": results}


def _shown(result: Json) -> Any:
    actual = result["actual"]
    # The property's name may say that the value is secret.
    if result["type"] in NAMED and actual is not None:
        return mask_headers({result["property"]: actual})[result["property"]]
    return actual
