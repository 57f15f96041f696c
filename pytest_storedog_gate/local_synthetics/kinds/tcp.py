"""TCP API tests (`type: api`, `subtype: tcp`): whether a port takes connections."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, ClassVar

from pytest_storedog_gate.local_synthetics.failures import InvalidTest
from pytest_storedog_gate.local_synthetics.kinds.common import allowed, probing, request_values
from pytest_storedog_gate.local_synthetics.network import hops
from pytest_storedog_gate.local_synthetics.network.addresses import connect
from pytest_storedog_gate.local_synthetics.network.stopwatch import Sighting
from pytest_storedog_gate.local_synthetics.variables.variables import has_placeholder

if TYPE_CHECKING:
    from pytest_storedog_gate.local_synthetics.definitions.definition import Definition, Json
    from pytest_storedog_gate.local_synthetics.kinds.protocol import Outcome, Run
    from pytest_storedog_gate.local_synthetics.variables.variables import Variables

_GRACE = 5  # s that the probe may take over its own limit
_OUTCOMES = ("established", "refused", "timeout")


class TcpCheck(probing.ProbingCheck):
    """Connects, and evaluates the assertions on how that ended."""

    fields: ClassVar = {
        "host": allowed.needed_text, "port": allowed.needed_port,
        "shouldTrackHops": allowed.anything, "timeout": allowed.seconds,
    }  # fmt: skip
    operators: ClassVar = {
        "": {
            "connection": frozenset({"is", "isNot"}),
            "networkHop": probing.ORDERED,
            "responseTime": probing.ORDERED,
        }
    }

    def unsupported(self, definition: Definition) -> list[str]:
        return [
            *super().unsupported(definition),
            *_unsupported_outcomes(definition.config.get("assertions") or []),
            *hops.unsupported_tracking(definition, "networkHop"),
        ]

    async def run(self, run: Run, variables: Variables) -> Outcome:
        definition, request = run.definition, run.definition.request
        host = request_values.host_of(request, variables)
        port = request_values.port_of(request, variables, None)
        timeout = request_values.timeout_of(request, variables)
        seen = Sighting({"request": {"host": host, "port": port, "timeout": round(timeout * 1000)}})

        def actual(assertion: Json) -> Any:
            if assertion["type"] == "networkHop":
                return hops.hops_of(seen)["avg"]
            if problems := _unsupported_outcomes([assertion]):
                raise InvalidTest(problems[0])
            return seen.detail["connection_outcome"]

        probe = _probe(definition, (host, port), timeout, seen)
        longest = timeout + _GRACE + (hops.LONGEST if hops.tracks(definition) else 0)
        return await self.check(run, variables, seen, probe, actual, longest)


def _unsupported_outcomes(assertions: list[Json]) -> list[str]:
    return [
        f"connection: target {assertion.get('target')!r} is not one of {', '.join(_OUTCOMES)}"
        for assertion in assertions
        if assertion.get("type") == "connection"
        and assertion.get("target") not in _OUTCOMES
        and not has_placeholder(str(assertion.get("target")))
    ]


async def _probe(
    definition: Definition, target: tuple[str, int], limit: float, seen: Sighting
) -> None:
    """Connect within `limit` seconds, and close at once.

    A refusal, or no answer from the address, is a finding where an assertion is about it.
    """
    try:
        async with asyncio.timeout(limit):
            connection = await connect(*target, seen)
    except (ConnectionRefusedError, TimeoutError) as error:
        refused = isinstance(error, ConnectionRefusedError)
        seen.detail["connection_outcome"] = "refused" if refused else "timeout"
        asked = "connection" in request_values.asserted(definition)
        if asked and "dns" in seen.timings:
            return
        if error.errno is None:
            raise probing.timed_out(limit) from None
        raise
    connection.close()
    seen.detail["connection_outcome"] = "established"
    if hops.tracks(definition):
        seen.finish()
        await hops.track(seen.detail["resolved_ip"], seen)
