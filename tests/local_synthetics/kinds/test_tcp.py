"""TCP API tests against real ports."""

from __future__ import annotations

import socket
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from pytest_storedog_gate.local_synthetics.network import hops
from tests.local_synthetics.servers.ports import refusing_port, silent_port
from tests.local_synthetics.support.network_tests import failure, network_test, that, valid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.local_synthetics.support.service import Json, Service


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with silent_port() as listening:
        yield listening


@contextmanager
def full_port() -> Iterator[int]:
    """A port whose queue is full: the kernel leaves further connections without an answer."""
    with ExitStack() as sockets:
        listener = sockets.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            waiting = sockets.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


ESTABLISHED = that("connection", "is", "established")


def tcp_test(port: Any, *assertions: Json, host: str = "127.0.0.1", **more: Any) -> Json:
    config = more.pop("config", None)
    return network_test("tcp", {"host": host, "port": port, **more}, *assertions, config=config)


def test_a_passing_check_says_what_it_did(port: int, service: Service) -> None:
    result = service.run(tcp_test(str(port), ESTABLISHED, host="localhost", timeout=0))
    assert result["status"] == "passed"
    assert result["connection_outcome"] == "established"
    assert result["timings"].keys() == {"dns", "tcp", "total"}
    assert result["resolved_ip"] == "127.0.0.1"
    assert result["request"] == {"host": "localhost", "port": port, "timeout": 60_000}


def test_response_time_without_dns(port: int, service: Service) -> None:
    wanted = [
        that("responseTime", "moreThan", 0, timingsScope=one) for one in ("all", "withoutDNS")
    ]
    result = service.run(tcp_test(port, *wanted))
    whole, rest = (one["actual"] for one in result["assertions"])
    assert whole == result["timings"]["total"]
    assert rest == pytest.approx(whole - result["timings"]["dns"], abs=0.002)


def test_a_refusal_fails_unless_it_is_asserted(service: Service) -> None:
    refusing = refusing_port()
    assert failure(service, tcp_test(refusing, that("responseTime", "moreThan", 0)))[0] == (
        "CONNREFUSED"
    )
    wanted = [that("connection", "is", "refused"), ESTABLISHED]
    assert valid(service, tcp_test(refusing, *wanted)) == [True, False]


def test_no_answer_fails_unless_it_is_asserted(service: Service) -> None:
    with full_port() as full:
        slow = tcp_test(full, that("responseTime", "moreThan", 0), timeout=0.2)
        assert failure(service, slow)[0] == "TIMEOUT"
        wanted = [that("connection", "is", "timeout"), ESTABLISHED]
        assert valid(service, tcp_test(full, *wanted, timeout=0.2)) == [True, False]


@pytest.mark.skipif(
    not hops.privileged(), reason="the kernel does not let this process open raw sockets"
)
def test_hops_are_counted(port: int, service: Service) -> None:
    result = service.run(tcp_test(port, ESTABLISHED, shouldTrackHops=True))
    assert result["status"] == "passed"
    assert result["netstats"]["hops"] == {"avg": 1, "max": 1, "min": 1}
    assert result["timings"]["total"] < sum(result["timings"].values())
    hop = that("networkHop", "isNot", 0)
    code, _ = failure(service, tcp_test(refusing_port(), hop, shouldTrackHops=True))
    assert code == "CONNREFUSED"


def test_a_kernel_that_forbids_it_is_a_refusal(
    port: int, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hops, "privileged", lambda: False)
    code, message = failure(service, tcp_test(port, ESTABLISHED, shouldTrackHops=True))
    assert (code, "CAP_NET_RAW" in message) == ("INVALID_TEST", True)


def test_a_host_that_is_not_there(service: Service) -> None:
    wanted = that("connection", "isNot", "established")
    code, message = failure(service, tcp_test(1, wanted, host="nowhere.invalid"))
    assert (code, "nowhere.invalid" in message) == ("DNS", True)


def test_variables_are_filled(port: int, service: Service) -> None:
    definition = tcp_test("{{ PORT }}", that("connection", "is", "{{ OUTCOME }}"))
    batch = {"PORT": str(port), "OUTCOME": "established"}
    assert service.run(definition, variables=batch)["status"] == "passed"
    for wrong, named in (({"PORT": "http"}, "port"), ({"OUTCOME": "closed"}, "'closed'")):
        result = service.run(definition, variables={**batch, **wrong})
        assert result["failure"]["code"] == "INVALID_TEST"
        assert named in result["failure"]["message"]


@pytest.mark.parametrize(
    ("part", "named"),
    [
        ({"host": ""}, "config.request.host"),
        ({"port": None}, "config.request.port"),
        ({"port": 65_536}, "config.request.port"),
        ({"timeout": "soon"}, "config.request.timeout"),
        ({"shouldTrackHops": 1}, "config.request.shouldTrackHops"),
        ({"config": {"assertions": []}}, "config.assertions is empty"),
        ({"config": {"assertions": [that("networkHop", "is", 1)]}}, "shouldTrackHops"),
        ({"config": {"assertions": [that("connection", "contains", "e")]}}, "'contains'"),
        ({"config": {"assertions": [that("connection", "isNot", "closed")]}}, "'closed'"),
    ],
)
def test_what_is_not_supported_is_refused_by_name(service: Service, part: Json, named: str) -> None:
    code, message = failure(service, tcp_test(**{"port": 1, **part}))
    assert code == "INVALID_TEST"
    assert named in message
