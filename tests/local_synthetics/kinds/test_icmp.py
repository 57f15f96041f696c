"""ICMP API tests: pings of the loopback address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import icmplib
import pytest

from pytest_storedog_gate.local_synthetics.network import hops
from tests.local_synthetics.support.network_tests import failure, network_test, that, valid

if TYPE_CHECKING:
    from tests.local_synthetics.support.service import Json, Service

ALL_BACK = that("packetLossPercentage", "is", 0)
pings = pytest.mark.skipif(
    hops.privileged() is None, reason="the kernel does not let this process ping"
)
tracks = pytest.mark.skipif(
    not hops.privileged(), reason="the kernel does not let this process open raw sockets"
)


def icmp_test(*assertions: Json, host: str = "127.0.0.1", **more: Any) -> Json:
    config = more.pop("config", None)
    request = {"host": host, "numberOfPackets": 2, **more}
    return network_test("icmp", request, *assertions, config=config)


@pings
def test_a_passing_check_says_what_it_did(service: Service) -> None:
    result = service.run(icmp_test(ALL_BACK, host="localhost"))
    assert result["status"] == "passed"
    stats = result["netstats"]
    assert (stats["packets_sent"], stats["packets_received"]) == (2, 2)
    assert stats["packet_loss_percentage"] == 0
    latency = stats["latency"]
    assert 0 < latency["min"] <= latency["avg"] <= latency["max"]
    assert result["timings"].keys() == {"dns", "ping", "total"}
    assert result["request"] == {"host": "localhost", "timeout": 60_000}


@tracks
def test_hops_are_counted(service: Service) -> None:
    result = service.run(icmp_test(that("networkHop", "is", 1), shouldTrackHops=True))
    assert result["status"] == "passed"
    assert result["netstats"]["hops"] == {"avg": 1, "max": 1, "min": 1}
    assert result["traceroute"][0]["resolved_ip"] == "127.0.0.1"


@pings
def test_no_answer_has_no_latency(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    async def silence(address: str, count: int, **_: Any) -> icmplib.Host:
        return icmplib.Host(address, count, [])

    # Every loopback address answers, and nothing else can be reached for certain.
    monkeypatch.setattr(icmplib, "async_ping", silence)
    wanted = [
        that("latency", "isNot", 5, property="avg"),
        that("jitter", "lessThan", 5),
        that("packetLossPercentage", "is", 100),
        that("packetsReceived", "is", 0),
    ]
    assert valid(service, icmp_test(*wanted)) == [False, False, True, True]


@tracks
def test_a_way_that_is_not_found_has_no_hops(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As above: on the loopback the way is always found.
    monkeypatch.setattr(icmplib, "traceroute", lambda *_, **_options: [])
    wanted = [
        that("networkHop", "isNot", 5),
        that("multiNetworkHop", "isNot", 5, property="max"),
        ALL_BACK,
    ]
    assert valid(service, icmp_test(*wanted, shouldTrackHops=True)) == [False, False, True]


@pings
def test_a_host_that_is_not_there(service: Service) -> None:
    assert failure(service, icmp_test(ALL_BACK, host="nowhere.invalid"))[0] == "DNS"
    assert failure(service, icmp_test(ALL_BACK, host="https://"))[0] == "INVALID_REQUEST"


def test_a_kernel_that_forbids_it_is_a_refusal(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hops, "privileged", lambda: None)
    code, message = failure(service, icmp_test(ALL_BACK))
    assert (code, "does not let this process ping" in message) == ("INVALID_TEST", True)
    monkeypatch.setattr(hops, "privileged", lambda: False)
    code, message = failure(service, icmp_test(ALL_BACK, shouldTrackHops=True))
    assert (code, "CAP_NET_RAW" in message) == ("INVALID_TEST", True)


@pytest.mark.parametrize(
    ("part", "named"),
    [
        ({"host": ""}, "config.request.host"),
        ({"numberOfPackets": 11}, "numberOfPackets must be from 0 to 10"),
        ({"numberOfPackets": "two"}, "numberOfPackets"),
        ({"shouldTrackHops": 1}, "config.request.shouldTrackHops"),
        ({"timeout": -1}, "config.request.timeout"),
        ({"port": 7}, "config.request.port"),
        ({"config": {"assertions": []}}, "config.assertions is empty"),
        ({"config": {"assertions": [that("responseTime", "is", 1)]}}, "'responseTime'"),
        ({"config": {"assertions": [that("latency", "is", 1)]}}, "property must be one of avg"),
        ({"config": {"assertions": [that("packetsReceived", "contains", 1)]}}, "'contains'"),
        ({"config": {"assertions": [that("networkHop", "is", 1)]}}, "shouldTrackHops"),
        ({"config": {"assertions": [that("multiNetworkHop", "is", 1)]}}, "property must be one of"),
    ],
)
def test_what_is_not_supported_is_refused_by_name(service: Service, part: Json, named: str) -> None:
    code, message = failure(service, icmp_test(ALL_BACK, **part))
    assert code == "INVALID_TEST"
    assert named in message
