"""The proxy that a test names."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest

from tests.local_synthetics.servers.ports import refusing_port
from tests.local_synthetics.servers.proxy import proxy_server
from tests.local_synthetics.support.network_tests import that
from tests.local_synthetics.support.secure import INSECURE, https
from tests.local_synthetics.support.service import Service, Target, http_test

if TYPE_CHECKING:
    from tests.local_synthetics.servers.certificates import Certificates


def test_a_plain_request_goes_through_the_proxy(target: Target, service: Service) -> None:
    with proxy_server() as proxy:
        wanted = {
            "url": f"http://dog:hunter22@127.0.0.1:{proxy.port}",
            "headers": {"X-Api-Key": "proxy-secret"},
        }
        for status in (200, 201):
            url = f"http://shop.invalid:{target.server.server_port}/"
            definition = http_test(url, that("statusCode", "is", status), proxy=wanted)
            result = service.run(definition)
            assert result["status"] == ("passed" if status == 200 else "failed"), result
    head = proxy.heads[0].lower()
    assert head.startswith(f"get {url} http/1.1")
    assert "x-api-key: proxy-secret" in head
    token = base64.b64encode(b"dog:hunter22").decode().lower()
    assert f"proxy-authorization: basic {token}" in head
    assert "hunter22" not in json.dumps(result)


def test_a_secure_request_goes_through_a_tunnel(
    tls_target: Target, service: Service, certificates: Certificates
) -> None:
    with proxy_server() as proxy:
        wanted = {"url": f"http://127.0.0.1:{proxy.port}", "headers": {"X-Env": "staging"}}
        result = service.run(http_test(https(tls_target), proxy=wanted, options=INSECURE))
    assert result["status"] == "passed", result
    assert result["timings"]["ssl"] > 0
    assert proxy.heads[0].startswith(f"CONNECT 127.0.0.1:{tls_target.server.server_port} ")
    assert "X-Env: staging" in proxy.heads[0]
    assert "x-env" not in tls_target.requests[0]["headers"]


REFUSAL = b"HTTP/1.1 407 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_refuses_is_not_the_target(
    target: Target, service: Service, scheme: str
) -> None:
    with proxy_server(REFUSAL) as proxy:
        definition = http_test(
            f"{scheme}://127.0.0.1:{target.server.server_port}",
            that("statusCode", "isNot", 500),
            proxy={"url": f"http://127.0.0.1:{proxy.port}"},
        )
        result = service.run(definition)
    assert (result["status"], result["failure"]["code"]) == ("failed", "TUNNEL")
    assert target.requests == []


def test_a_proxy_that_is_not_there(target: Target, service: Service) -> None:
    proxy = {"url": f"http://127.0.0.1:{refusing_port()}"}
    result = service.run(http_test(target.url, proxy=proxy))
    assert result["failure"]["code"] == "CONNREFUSED"
    assert target.requests == []


def test_a_proxy_that_is_no_url(target: Target, service: Service) -> None:
    result = service.run(http_test(target.url, proxy={"url": "socks5://127.0.0.1:1"}))
    assert (result["failure"]["code"], result["inconclusive"]) == ("INVALID_REQUEST", True)
