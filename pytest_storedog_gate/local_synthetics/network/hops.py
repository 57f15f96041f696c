"""The hops on the way to an address, found with ICMP: for icmp and tcp tests."""

from __future__ import annotations

import asyncio
import socket
import statistics
from typing import TYPE_CHECKING

import icmplib

from pytest_storedog_gate.local_synthetics.assertions.assertion import NoValue

if TYPE_CHECKING:
    from pytest_storedog_gate.local_synthetics.definitions.definition import Definition, Json
    from pytest_storedog_gate.local_synthetics.network.stopwatch import Sighting

_MOST_HOPS = 30
LONGEST = _MOST_HOPS + 5
"""Seconds that one route may take: each hop has one to answer."""


def privileged() -> bool | None:
    """Whether raw sockets may be used; None: nor the kernel's own for pings."""
    for kind, answer in ((socket.SOCK_RAW, True), (socket.SOCK_DGRAM, False)):
        try:
            socket.socket(socket.AF_INET, kind, socket.IPPROTO_ICMP).close()
        except OSError:
            continue
        return answer
    return None


def tracks(definition: Definition) -> bool:
    """Whether a definition asks for the hops."""
    return bool(definition.request.get("shouldTrackHops"))


def unsupported_tracking(definition: Definition, *kinds: str) -> list[str]:
    """Name what stands in the way of assertions of these kinds, which are about hops."""
    wanted = [one.get("type") for one in definition.config.get("assertions") or []]
    problems = [
        f"{kind} needs config.request.shouldTrackHops"
        for kind in kinds
        if kind in wanted and not tracks(definition)
    ]
    if tracks(definition) and not privileged():
        problems.append("config.request.shouldTrackHops needs root or CAP_NET_RAW")
    return problems


async def track(address: str, seen: Sighting, *, routes: int = 1) -> None:
    """Follow so many routes to the address. How long they are is known if it answers on each."""
    lengths = []
    for _ in range(routes):
        route = await asyncio.to_thread(
            icmplib.traceroute, address, count=1, timeout=1, max_hops=_MOST_HOPS
        )
        if route and route[-1].address == address:
            lengths.append(route[-1].distance)
    seen.lap("traceroute")
    seen.detail["traceroute"] = [
        {
            "host": hop.address,
            "resolved_ip": hop.address,
            "packets_sent": hop.packets_sent,
            "packets_received": hop.packets_received,
            "routers": [{"ip": hop.address}],
        }
        for hop in route
    ]
    if len(lengths) == routes:
        seen.detail.setdefault("netstats", {})["hops"] = {
            "avg": statistics.fmean(lengths),
            "max": max(lengths),
            "min": min(lengths),
        }


def hops_of(seen: Sighting) -> Json:
    """How many hops there were: `avg`, `max` and `min`. Raises NoValue."""
    hops: Json | None = seen.detail.get("netstats", {}).get("hops")
    if hops is None:
        raise NoValue("the way to the host was not found")
    return hops
