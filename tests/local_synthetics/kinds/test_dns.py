"""DNS API tests against a real name server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dns.resolver
import pytest

from tests.local_synthetics.servers.dns_zone import NameServer, name_server
from tests.local_synthetics.servers.ports import refusing_port
from tests.local_synthetics.support.network_tests import failure, network_test, that, valid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.local_synthetics.support.service import Json, Service


@pytest.fixture(scope="module")
def server() -> Iterator[NameServer]:
    with name_server() as running:
        yield running


ADDRESS = that("recordSome", "is", "192.0.2.1", property="A")


def dns_test(port: Any, /, *assertions: Json, **more: Any) -> Json:
    config = more.pop("config", None)
    request = {"host": "shop.example", "dnsServer": "127.0.0.1", "dnsServerPort": port, **more}
    return network_test("dns", request, *assertions, config=config)


def test_a_passing_check_says_what_it_did(server: NameServer, service: Service) -> None:
    result = service.run(dns_test(str(server.port), ADDRESS, dnsServer="localhost"))
    assert result["status"] == "passed"
    (records,) = result["response"]["records"]
    assert (records["type"], sorted(records["values"])) == ("A", ["192.0.2.1", "192.0.2.2"])
    assert result["timings"].keys() == {"dns", "total"}
    assert result["dns_resolution"]["server"] == "127.0.0.1"
    assert result["request"]["dns_server_port"] == server.port
    assert "192.0.2.2" in result["assertions"][0]["actual"]


def test_an_alias_is_followed(server: NameServer, service: Service) -> None:
    alias = that("recordEvery", "is", "shop.example", property="CNAME")
    assert valid(service, dns_test(server.port, ADDRESS, alias, host="www.example")) == [True, True]


def test_what_is_not_the_answer_is_passed_over(server: NameServer, service: Service) -> None:
    """One datagram of garbage ended the check, whoever had sent it."""
    assert valid(service, dns_test(server.port, ADDRESS, host="noisy.example")) == [True]


@pytest.mark.parametrize("operator", ["isNot", "doesNotContain", "doesNotMatch"])
@pytest.mark.parametrize("kind", ["recordEvery", "recordSome"])
def test_no_record_never_holds(
    server: NameServer, service: Service, kind: str, operator: str
) -> None:
    wanted = that(kind, operator, "x", property="MX")
    assert valid(service, dns_test(server.port, wanted, host="six.example")) == [False]


def test_a_long_answer_comes_by_tcp(server: NameServer, service: Service) -> None:
    server.asked.clear()
    wanted = that("recordEvery", "contains", "xxx", property="TXT")
    assert valid(service, dns_test(server.port, wanted, host="long.example")) == [True]
    assert [transport for *_, transport in server.asked] == ["udp", "tcp"]


def test_response_time_alone_needs_an_address(server: NameServer, service: Service) -> None:
    wanted = that("responseTime", "moreThan", 0)
    assert valid(service, dns_test(server.port, wanted, host="six.example")) == [True]
    code, message = failure(service, dns_test(server.port, wanted, host="long.example"))
    assert (code, "ENODATA" in message) == ("DNS", True)


@pytest.mark.parametrize(
    ("host", "code", "named"),
    [
        ("nowhere.example", "DNS", "nowhere.example (ENOTFOUND)"),
        ("broken.example", "DNS", "ESERVFAIL"),
        ("strange.example", "MALFORMED_RESPONSE", "not valid DNS"),
        ("mute.example", "TIMEOUT", "0.2 s"),
        ("https://shop example", "INVALID_REQUEST", "shop example"),
        ("a..example", "INVALID_REQUEST", "a..example"),
    ],
)
def test_a_name_that_is_not_resolved(
    server: NameServer, service: Service, host: str, code: str, named: str
) -> None:
    timeout = 0.2 if host == "mute.example" else 20
    found, message = failure(service, dns_test(server.port, ADDRESS, host=host, timeout=timeout))
    assert found == code
    assert named in message


def test_no_server(service: Service) -> None:
    assert failure(service, dns_test(refusing_port(), ADDRESS))[0] == "CONNREFUSED"
    nowhere = dns_test(1, ADDRESS, dnsServer="nowhere.invalid")
    assert failure(service, nowhere)[0] == "DNS"


def test_without_a_server_the_systems_is_asked(
    server: NameServer, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    class System:
        nameservers = ("127.0.0.1",)

    monkeypatch.setattr(dns.resolver, "Resolver", System)
    assert valid(service, dns_test(server.port, ADDRESS, dnsServer=None)) == [True]
    monkeypatch.setattr(System, "nameservers", ())
    code, message = failure(service, dns_test(server.port, ADDRESS, dnsServer=""))
    assert (code, "dnsServer" in message) == ("INVALID_TEST", True)


@pytest.mark.parametrize(
    ("part", "named"),
    [
        ({"host": ""}, "config.request.host"),
        ({"dnsServer": 8}, "config.request.dnsServer"),
        ({"dnsServerPort": "dns"}, "config.request.dnsServerPort"),
        ({"timeout": "soon"}, "config.request.timeout"),
        ({"port": 53}, "config.request.port"),
        ({"config": {"assertions": []}}, "config.assertions is empty"),
        ({"config": {"assertions": [that("body", "is", "x")]}}, "'body'"),
        ({"config": {"assertions": [that("recordSome", "is", "x")]}}, "property"),
        ({"config": {"assertions": [that("recordSome", "is", "x", property="SOA")]}}, "property"),
        (
            {"config": {"assertions": [that("recordSome", "moreThan", 1, property="A")]}},
            "'moreThan'",
        ),
    ],
)
def test_what_is_not_supported_is_refused_by_name(service: Service, part: Json, named: str) -> None:
    port = part.get("dnsServerPort", 1)
    code, message = failure(service, dns_test(port, ADDRESS, **part))
    assert code == "INVALID_TEST"
    assert named in message
