"""A valid definition of every kind, with a server on this machine that answers each."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from tests.local_synthetics.servers.dns_zone import name_server
from tests.local_synthetics.servers.echo import udp_echo
from tests.local_synthetics.servers.grpc_service import SERVICE, grpc_server
from tests.local_synthetics.servers.mcp_tools import mcp_server
from tests.local_synthetics.servers.websocket import websocket_server
from tests.local_synthetics.support.network_tests import network_test, that
from tests.local_synthetics.support.service import http_test, targeting

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.local_synthetics.support.service import Json

DOCUMENT = {"items": [{"code": "BFRIDAY", "value": 5}, {"code": "OFF", "value": None}], "n": 2}
MARKUP = "<shop><item id='1'>bone</item><item id='2'>ball</item></shop>"
_OK = {"type": "statusCode", "operator": "is", "target": 200}


@contextmanager
def every_kind() -> Iterator[Mapping[str, Json]]:
    """By subtype; `json` and `xml` are HTTP tests with assertions on such bodies."""
    with ExitStack() as running:
        target = running.enter_context(targeting())
        target.answer_json("/json", DOCUMENT)
        target.answer("/xml", body=MARKUP)
        grpc = running.enter_context(grpc_server())
        url = f"{target.url}/json"
        yield {
            "http": http_test(
                url,
                _OK,
                that("responseTime", "lessThan", 20_000),
                that("header", "contains", "json", property="content-type"),
                config={"configVariables": _variables()},
                method="POST",
                headers={"X-Dog": "{{ WORD }}"},
                query={"n": "{{ NUMBER }}"},
                body='{"when": "{{ DAY }}"}',
                bodyType="application/json",
                timeout=5,
            ),
            "json": http_test(
                url,
                that("body", "validatesJSONPath", _path("$.items[0].code", "BFRIDAY")),
                that("body", "validatesJSONSchema", {"jsonSchema": '{"type": "object"}'}),
            ),
            "xml": http_test(
                f"{target.url}/xml",
                that(
                    "body",
                    "validatesXPath",
                    {"xPath": "//item[1]", "operator": "is", "targetValue": "bone"},
                ),
            ),
            "multi": {
                **http_test("unused"),
                "subtype": "multi",
                "config": {"steps": _steps(url), "configVariables": _variables()},
            },
            "tcp": _network("tcp", that("connection", "is", "established"), _port(url)),
            "ssl": _network("ssl", that("certificate", "isInMoreThan", 1), _port(url)),
            "udp": _network(
                "udp",
                that("receivedMessage", "is", "woof"),
                running.enter_context(udp_echo()),
                message="woof",
            ),
            "icmp": _network("icmp", that("packetsReceived", "moreThan", 0), numberOfPackets=1),
            "dns": _network(
                "dns",
                that("recordSome", "is", "192.0.2.1", property="A"),
                host="shop.example",
                dnsServer="127.0.0.1",
                dnsServerPort=running.enter_context(name_server()).port,
            ),
            "websocket": network_test(
                "websocket",
                {
                    "url": f"ws://127.0.0.1:{running.enter_context(websocket_server()).port}/",
                    "message": "woof",
                },
                that("receivedMessage", "contains", "oo"),
            ),
            "grpc": _network(
                "grpc", that("grpcHealthcheckStatus", "is", 1), grpc.port, callType="healthcheck"
            ),
            "unary": _network(
                "grpc",
                that("grpcProto", "validatesJSONPath", _path("$.code", "BFRIDAY")),
                grpc.port,
                callType="unary",
                service=SERVICE,
                method="Get",
                message='{"code": "BFRIDAY", "amount": "5"}',
            ),
            "mcp": network_test(
                "mcp",
                {"url": running.enter_context(mcp_server()).url, "callType": "tool_list"},
                {"type": "mcpRespectsSpecification"},
                that("mcpToolCount", "moreThan", 0),
            ),
            "browser": {
                **http_test("unused"),
                "type": "browser",
                "subtype": "",
                "options": {"device_ids": ["laptop_large"]},
                "config": {"request": {"method": "GET", "url": target.url}, "assertions": []},
                "steps": [
                    {
                        "type": "assertPageContains",
                        "name": "greets",
                        "timeout": 1,
                        "params": {"value": "hello"},
                    }
                ],
            },
        }


def _network(subtype: str, assertion: Json, port: int | None = None, **request: object) -> Json:
    where = {"host": "127.0.0.1", **({} if port is None else {"port": port})}
    return network_test(subtype, {**where, **request}, assertion)


def _port(url: str) -> int:
    return int(url.split(":")[2].partition("/")[0])


def _path(path: str, value: str) -> Json:
    return {"jsonPath": path, "operator": "is", "targetValue": value}


def _variables() -> list[Json]:
    patterns = {
        "WORD": "{{ alphabetic(5) }}",
        "NUMBER": "{{ numeric(3) }}",
        "DAY": "{{ date(1d, YYYY-MM-DD) }}",
    }
    return [{"name": name, "type": "text", "pattern": one} for name, one in patterns.items()]


def _steps(url: str) -> list[Json]:
    request = {"method": "GET", "url": url}
    code = {"type": "json_path", "value": "$.items[0].code"}
    return [
        {
            "subtype": "http",
            "name": "code",
            "request": request,
            "assertions": [_OK],
            "extractedValues": [{"name": "CODE", "type": "http_body", "parser": code}],
            "retry": {"count": 0, "interval": 10},
        },
        {"subtype": "wait", "name": "wait", "value": 0},
        {
            "subtype": "http",
            "name": "again",
            "request": {**request, "headers": {"X-Code": "{{ CODE }}"}},
            "assertions": [_OK],
            "allowFailure": True,
        },
    ]
