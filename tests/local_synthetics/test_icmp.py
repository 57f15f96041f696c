"""ICMP API tests: pings of the loopback address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import icmplib
import pytest

from pytest_storedog_gate.local_synthetics.kinds import icmp
from tests.local_synthetics.network import failure, network_test, that, valid

if TYPE_CHECKING:
    from tests.local_synthetics.support import Json, Service

ALL_BACK = that("packetLossPercentage", "is", 0)
pings = pytest.mark.skipif(
    icmp.privileged() is None, reason="the kernel does not let this process ping"
)
tracks = pytest.mark.skipif(
    not icmp.privileged(), reason="the kernel does not let this process open raw sockets"
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


@pings
@pytest.mark.parametrize("operator", ["lessThan", "lessThanOrEqual", "moreThan", "moreThanOrEqual"])
@pytest.mark.parametrize(
    ("kind", "low", "high"),
    [
        ("latency avg", 0, 20_000),
        ("latency max", 0, 20_000),
        ("latency min", 0, 20_000),
        ("latency stddev", -1, 20_000),
        ("packetLossPercentage", -1, 1),
        ("packetsReceived", 1, 3),
    ],
)
def test_an_order_holds_and_does_not(
    service: Service, kind: str, operator: str, low: float, high: float
) -> None:
    kind, _, named = kind.partition(" ")
    targets = (high, low) if operator.startswith("less") else (low, high)
    wanted = [that(kind, operator, target, property=named or "avg") for target in targets]
    assert valid(service, icmp_test(*wanted)) == [True, False]


@pings
@pytest.mark.parametrize(
    ("kind", "there", "other"), [("packetLossPercentage", 0, 50), ("packetsReceived", "2", "1")]
)
def test_a_number_is_or_is_not(service: Service, kind: str, there: Any, other: Any) -> None:
    wanted = [that(kind, "is", there), that(kind, "is", other)]
    wanted += [that(kind, "isNot", other), that(kind, "isNot", there)]
    assert valid(service, icmp_test(*wanted)) == [True, False, True, False]


@tracks
def test_hops_are_counted(service: Service) -> None:
    wanted = [that("networkHop", "is", 1), that("networkHop", "moreThan", 1)]
    definition = icmp_test(*wanted, shouldTrackHops=True)
    assert valid(service, definition) == [True, False]
    result = service.run(definition)
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
        that("packetLossPercentage", "is", 100),
        that("packetsReceived", "is", 0),
    ]
    assert valid(service, icmp_test(*wanted)) == [False, True, True]


@pings
def test_a_host_that_is_not_there(service: Service) -> None:
    assert failure(service, icmp_test(ALL_BACK, host="nowhere.invalid"))[0] == "DNS"
    assert failure(service, icmp_test(ALL_BACK, host="https://shop"))[0] == "INVALID_REQUEST"


def test_a_kernel_that_forbids_it_is_a_refusal(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(icmp, "privileged", lambda: None)
    code, message = failure(service, icmp_test(ALL_BACK))
    assert (code, "does not let this process ping" in message) == ("INVALID_TEST", True)
    monkeypatch.setattr(icmp, "privileged", lambda: False)
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
    ],
)
def test_what_is_not_supported_is_refused_by_name(service: Service, part: Json, named: str) -> None:
    code, message = failure(service, icmp_test(ALL_BACK, **part))
    assert code == "INVALID_TEST"
    assert named in message
