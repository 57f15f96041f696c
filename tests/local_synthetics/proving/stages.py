"""For each kind of check its real servers, and the request that a case sends to them."""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from tests.local_synthetics.servers.certificates import Certificates
from tests.local_synthetics.servers.dns_zone import name_server
from tests.local_synthetics.servers.echo import udp_echo
from tests.local_synthetics.servers.grpc_service import SERVICE, grpc_server
from tests.local_synthetics.servers.mcp_tools import TOOLS, mcp_server
from tests.local_synthetics.servers.ports import silent_port
from tests.local_synthetics.servers.tls import tls_server
from tests.local_synthetics.servers.websocket import websocket_server
from tests.local_synthetics.support.service import targeting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from tests.local_synthetics.support.service import Json

    Request = Callable[..., Json]
    Stage = Callable[[], AbstractContextManager[Request]]

HTTP = {
    "/": "hello world",
    "/number": "7",
    "/json": '{"dog": "beagle", "n": 7, "words": ["good", "dog"]}',
    "/xml": "<kennel><dog n='7'>beagle</dog></kennel>",
}
HEADERS = {"X-Dog": "beagle", "X-Count": "7"}
GRPC = '{"code":"beagle","amount":"7","words":["good","dog"]}'
_LISTED = {"dog": "beagle", "n": 7, "words": ["good", "dog"]}
MCP = json.dumps({"jsonrpc": "2.0", "id": 2, "result": {"tools": TOOLS, **_LISTED}})


@contextmanager
def _http() -> Iterator[Request]:
    with targeting() as target:
        for path, body in HTTP.items():
            target.answer(path, body=body, headers=HEADERS)
        yield lambda path="/": {"method": "GET", "url": target.url + path}


@contextmanager
def _dns() -> Iterator[Request]:
    with name_server() as server:
        at = {"dnsServer": "127.0.0.1", "dnsServerPort": server.port}
        yield lambda host="shop.example": {"host": host, **at}


@contextmanager
def _tcp() -> Iterator[Request]:
    with silent_port() as port:
        yield lambda **more: {"host": "127.0.0.1", "port": port, **more}


@contextmanager
def _udp() -> Iterator[Request]:
    with udp_echo() as port:
        yield lambda: {"host": "127.0.0.1", "port": port, "message": "woof"}


@contextmanager
def _icmp() -> Iterator[Request]:
    yield lambda **more: {"host": "127.0.0.1", "numberOfPackets": 2, **more}


@contextmanager
def _websocket() -> Iterator[Request]:
    with websocket_server() as server:
        yield lambda: {"url": f"ws://127.0.0.1:{server.port}/", "message": "woof"}


@contextmanager
def _grpc() -> Iterator[Request]:
    with grpc_server() as server:
        at = {"host": "127.0.0.1", "port": server.port}
        call = {"service": SERVICE, "method": "Get", "message": '{"code": "beagle", "amount": 7}'}
        health = {**at, "callType": "healthcheck"}

        def request(callType: str = "unary", **more: str) -> Json:  # noqa: N803 Datadog's name
            return (
                health
                if callType == "healthcheck"
                else {**at, "callType": callType, **call, **more}
            )

        yield request


@contextmanager
def _mcp() -> Iterator[Request]:
    with mcp_server() as whole, mcp_server() as short, mcp_server() as lawless:
        whole.changes["tools/list"] = lambda one: {**one, "result": {**one["result"], **_LISTED}}
        short.pages = [[tool for tool in TOOLS if len(tool["name"]) == 3]]
        lawless.changes["initialize"] = lambda one: {**one, "result": {"capabilities": {}}}
        urls = {"": whole.url, "short": short.url, "lawless": lawless.url}
        yield lambda path="", **more: {"url": urls[path], "callType": "tool_list", **more}


@contextmanager
def _ssl() -> Iterator[Request]:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as environment:
        certificates = Certificates(Path(folder))
        environment.setenv("SSL_CERT_FILE", str(certificates.authority))
        with tls_server(certificates.good) as port:
            yield lambda: {"host": "localhost", "port": port}


STAGES: dict[str, Stage] = {
    "http": _http,
    "ssl": _ssl,
    "dns": _dns,
    "tcp": _tcp,
    "udp": _udp,
    "icmp": _icmp,
    "websocket": _websocket,
    "grpc": _grpc,
    "mcp": _mcp,
}
