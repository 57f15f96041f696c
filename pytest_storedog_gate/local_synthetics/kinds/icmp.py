"""ICMP API tests (`type: api`, `subtype: icmp`): pings, and the hops on the way.

The kernel must let the process ping: as root or with CAP_NET_RAW, or, without hops, by
`net.ipv4.ping_group_range`.
"""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any, ClassVar

import icmplib

from pytest_storedog_gate.local_synthetics.assertions.assertion import NoValue
from pytest_storedog_gate.local_synthetics.failures import CheckFailed, InvalidTest
from pytest_storedog_gate.local_synthetics.kinds.common import allowed, probing, request_values
from pytest_storedog_gate.local_synthetics.network import hops
from pytest_storedog_gate.local_synthetics.network.addresses import resolve
from pytest_storedog_gate.local_synthetics.network.stopwatch import Sighting

if TYPE_CHECKING:
    from pytest_storedog_gate.local_synthetics.definitions.definition import Definition, Json
    from pytest_storedog_gate.local_synthetics.kinds.protocol import Outcome, Run
    from pytest_storedog_gate.local_synthetics.variables.variables import Variables

_DEFAULT_PINGS, _MOST_PINGS = 4, 10
_INTERVAL = 0.05  # s between two pings
_PATIENCE = 2  # s for each answer
_ROUTES = 3  # as many as Datadog follows where the number of hops may differ


def _pings(request: Json, key: str) -> list[str]:
    pings = request.get(key) or 0
    if isinstance(pings, bool) or not isinstance(pings, int) or not 0 <= pings <= _MOST_PINGS:
        return [f"config.request.{key} must be from 0 to {_MOST_PINGS}"]
    return []


class IcmpCheck(probing.ProbingCheck):
    """Pings a host and evaluates the assertions on what came back."""

    fields: ClassVar = {
        "host": allowed.needed_text, "numberOfPackets": _pings,
        "shouldTrackHops": allowed.anything, "timeout": allowed.seconds,
    }  # fmt: skip
    operators: ClassVar = {
        "": dict.fromkeys(
            (
                "latency", "jitter", "packetLossPercentage", "packetsReceived", "networkHop",
                "multiNetworkHop",
            ),
            probing.ORDERED,
        )
    }  # fmt: skip
    properties: ClassVar = {
        "latency": ("avg", "max", "min", "stddev"),
        "multiNetworkHop": ("avg", "max", "min"),
    }

    def unsupported(self, definition: Definition) -> list[str]:
        problems = super().unsupported(definition)
        problems += hops.unsupported_tracking(definition, "networkHop", "multiNetworkHop")
        if hops.privileged() is None:
            problems.append("the kernel does not let this process ping")
        return problems

    async def run(self, run: Run, variables: Variables) -> Outcome:
        definition, request = run.definition, run.definition.request
        host = request_values.host_of(request, variables)
        timeout = request_values.timeout_of(request, variables)
        pings = request.get("numberOfPackets") or _DEFAULT_PINGS
        seen = Sighting({"request": {"host": host, "timeout": round(timeout * 1000)}})

        def actual(assertion: Json) -> Any:
            stats = seen.detail["netstats"]
            match assertion["type"]:
                case "latency":
                    if not stats["latency"]:
                        raise NoValue("no ping was answered")
                    return stats["latency"][assertion["property"]]
                case "packetLossPercentage":
                    return stats["packet_loss_percentage"]
                case "packetsReceived":
                    return stats["packets_received"]
                case "jitter":
                    if stats["packets_received"] < 2:
                        raise NoValue("fewer than two pings were answered")
                    return stats["jitter"]
                case _:
                    return hops.hops_of(seen)[assertion.get("property") or "avg"]

        probe = _probe(definition, host, pings, seen)
        return await self.check(run, variables, seen, probe, actual, timeout)


async def _probe(definition: Definition, host: str, pings: int, seen: Sighting) -> None:
    address = (await resolve(host))[0]
    seen.lap("dns")
    seen.detail["resolved_ip"] = address
    try:
        found = await icmplib.async_ping(
            address,
            count=pings,
            interval=_INTERVAL,
            timeout=_PATIENCE,
            privileged=bool(hops.privileged()),
        )
        seen.lap("ping")
        seen.detail["netstats"] = _statistics(found)
        if hops.tracks(definition):
            several = "multiNetworkHop" in request_values.asserted(definition)
            await hops.track(address, seen, routes=_ROUTES if several else 1)
    except icmplib.SocketPermissionError:
        raise InvalidTest("the kernel does not let this process ping") from None
    except icmplib.ICMPLibError as error:
        raise CheckFailed("HOSTUNREACH", f"The host cannot be pinged: {error}") from None


def _statistics(found: icmplib.Host) -> Json:
    stats: Json = {
        "packets_sent": found.packets_sent,
        "packets_received": found.packets_received,
        "packet_loss_percentage": round(found.packet_loss * 100, 2),
        "jitter": found.jitter,
        "latency": {},
    }
    if found.rtts:
        stats["latency"] = {
            "avg": round(statistics.fmean(found.rtts), 3),
            "max": round(max(found.rtts), 3),
            "min": round(min(found.rtts), 3),
            "stddev": round(statistics.pstdev(found.rtts), 3),
        }
    return stats
