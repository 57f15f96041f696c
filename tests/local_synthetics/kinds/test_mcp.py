"""MCP API tests against a real server."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.local_synthetics.servers.mcp_tools import SESSION, McpServer, mcp_server
from tests.local_synthetics.servers.ports import refusing_port, silent_port
from tests.local_synthetics.support.network_tests import failure, network_test, that, valid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.local_synthetics.support.service import Json, Service, Target


@pytest.fixture(scope="module")
def running() -> Iterator[McpServer]:
    with mcp_server() as server:
        yield server


@pytest.fixture
def server(running: McpServer) -> McpServer:
    running.reset()
    return running


FINE = that("statusCode", "is", 200)
LAWFUL = {"type": "mcpRespectsSpecification"}
SEARCH = {"callType": "tool_call", "toolName": "search", "toolArgs": {"query": "dog", "limit": 5}}


def mcp_test(url: str, call: str, *assertions: Json, **more: Any) -> Json:
    options, config = more.pop("options", None), more.pop("config", None)
    request = {"url": url, "callType": call, **more}
    return network_test("mcp", request, *assertions, options=options, config=config)


def test_a_session_is_opened_used_and_ended(server: McpServer, service: Service) -> None:
    wanted = (FINE, LAWFUL, that("mcpToolCount", "moreThan", 0))
    headers = {"DD-API-KEY": "k3y-of-the-dog"}
    result = service.run(mcp_test(server.url, "tool_list", *wanted, headers=headers))
    assert result["status"] == "passed"
    assert result["call_type"] == "tool_list"
    assert result["timings"].keys() == {"dns", "firstByte", "total"}
    assert result["response"]["status_code"] == 200
    assert len(json.loads(result["response"]["body"])["result"]["tools"]) == 2
    assert [message["method"] for message, _ in server.asked] == [
        "initialize",
        "notifications/initialized",
        "tools/list",
    ]
    first, last = server.asked[0], server.asked[-1]
    assert first[0]["params"]["protocolVersion"] == "2025-06-18"
    assert set(first[1]["accept"].split(", ")) == {"application/json", "text/event-stream"}
    assert last[1]["mcp-session-id"] == SESSION
    assert last[1]["mcp-protocol-version"] == "2025-06-18"
    assert last[1]["dd-api-key"] == "k3y-of-the-dog"
    assert "k3y-of-the-dog" not in json.dumps(result)
    assert server.ended == [SESSION]


@pytest.mark.parametrize("events", [False, True])
def test_a_tool_is_called(server: McpServer, service: Service, events: bool) -> None:
    server.events = events
    said = that("body", "contains", "staging")
    definition = mcp_test(
        server.url,
        "tool_call",
        *(FINE, LAWFUL, said),
        toolName="search",
        toolArgs={"query": "{{ ENV }}", "deep": [{"env": "{{ ENV }}"}], "limit": 5},
    )
    result = service.run(definition, variables={"ENV": "staging"})
    assert result["status"] == "passed"
    assert result["request"]["tool_name"] == "search"
    parameters = server.asked[-1][0]["params"]
    assert parameters == {
        "name": "search",
        "arguments": {"query": "staging", "deep": [{"env": "staging"}], "limit": 5},
    }


@pytest.mark.parametrize("events", [False, True])
def test_what_json_may_hold_ends_no_line(server: McpServer, service: Service, events: bool) -> None:
    server.events = events
    said = "a\u2028b\u2029c\u0085d"
    server.changes["tools/call"] = changed(content=[{"type": "text", "text": said}])
    text = {"jsonPath": "$.result.content[0].text", "operator": "is", "targetValue": said}
    wanted = (LAWFUL, that("body", "validatesJSONPath", text))
    held = valid(service, mcp_test(server.url, "tool_call", *wanted, toolName="search"))
    assert held == [True, True]


def test_a_json_path_and_an_absent_header(server: McpServer, service: Service) -> None:
    found = {"jsonPath": "$.result.tools[0].name", "operator": "is", "targetValue": "search"}
    wanted = [
        that("body", "validatesJSONPath", found),
        that("body", "validatesJSONPath", {**found, "targetValue": "sit"}),
        that("header", "isUndefined", property="x-cat"),
        that("header", "doesNotExist", property="content-type"),
    ]
    held = valid(service, mcp_test(server.url, "tool_list", *wanted))
    assert held == [True, False, True, False]


def test_every_page_of_tools_is_read(server: McpServer, service: Service) -> None:
    tool = {"inputSchema": {"type": "object"}}
    server.pages = [[{"name": f"tool-{number}", **tool}] for number in range(3)]
    assert valid(service, mcp_test(server.url, "tool_list", that("mcpToolCount", "is", 3))) == [
        True
    ]
    server.pages = [[{"name": f"tool-{number}", **tool}] for number in range(51)]
    endless = mcp_test(server.url, "tool_list", that("mcpToolCount", "moreThan", 3))
    assert failure(service, endless)[0] == "BODY_TOO_LARGE"


def test_no_tool_has_no_name_length(server: McpServer, service: Service) -> None:
    server.pages = [[]]
    wanted = [that("mcpToolNameLength", "lessThan", 64), that("mcpToolCount", "is", 0)]
    assert valid(service, mcp_test(server.url, "tool_list", *wanted)) == [False, True]


def changed(**parts: Any) -> Any:
    """Replace parts of a result."""
    return lambda document: {**document, "result": {**document["result"], **parts}}


@pytest.mark.parametrize(
    ("method", "change", "named"),
    [
        ("initialize", changed(protocolVersion=3), "protocolVersion"),
        ("initialize", changed(capabilities=[]), "capabilities"),
        ("initialize", changed(serverInfo={"name": "x"}), "serverInfo.version"),
        ("initialize", lambda document: {**document, "jsonrpc": "1.0"}, "jsonrpc"),
        ("notifications/initialized", 200, "status 202"),
        ("tools/list", changed(tools=[{"name": "a"}]), "tools[0].inputSchema"),
        ("tools/list", changed(tools=[{"name": "", "inputSchema": {}}]), "tools[0].name"),
        (
            "tools/list",
            changed(tools=[{"name": "a", "inputSchema": {"type": "string"}}]),
            "no schema of an object",
        ),
        (
            "tools/list",
            changed(tools=[{"name": "a", "inputSchema": {"type": "object"}}] * 2),
            "the same name",
        ),
        ("tools/call", changed(content="x"), "content is no list"),
        ("tools/call", changed(content=[{"type": "song"}]), "no known type"),
        ("tools/call", changed(content=[{"type": "text"}]), "content[0].text"),
        ("tools/call", changed(structuredContent=[]), "structuredContent"),
        ("tools/call", changed(isError="no"), "isError"),
    ],
)
def test_a_departure_from_the_specification_is_named(
    server: McpServer, service: Service, method: str, change: Any, named: str
) -> None:
    server.changes[method] = change
    call = "tool_call" if method == "tools/call" else "tool_list"
    result = service.run(mcp_test(server.url, call, LAWFUL, toolName="search"))
    assert result["failure"]["code"] == "INCORRECT_ASSERTION"
    (unmet,) = json.loads(result["failure"]["message"])
    assert named in unmet["error_message"]


def refusal(document: Json) -> Json:
    return {**{k: v for k, v in document.items() if k != "result"}, "error": {"code": -32602}}


@pytest.mark.parametrize(
    ("method", "change", "told"),
    [
        ("initialize", 500, "UNKNOWN: The server answered with HTTP status 500"),
        ("tools/list", 404, "UNKNOWN: The server answered with HTTP status 404"),
        ("tools/list", refusal, "UNKNOWN: The server answered with error -32602"),
        ("initialize", refusal, "UNKNOWN: The server answered with error -32602"),
        ("tools/list", lambda document: {**document, "id": "another"}, "MALFORMED_RESPONSE: "),
        ("initialize", lambda _: ["x"], "MALFORMED_RESPONSE: "),
    ],
)
def test_an_answer_that_tells_of_a_failure_never_passes(
    server: McpServer, service: Service, method: str, change: Any, told: str
) -> None:
    server.changes[method] = change
    quick = that("responseTime", "lessThan", 20_000)
    found = failure(service, mcp_test(server.url, "tool_list", quick))
    assert ": ".join(found).startswith(told)


def test_a_status_may_be_asserted(server: McpServer, service: Service) -> None:
    server.changes["initialize"] = 401
    wanted = [that("statusCode", "is", 401), FINE, that("mcpToolCount", "isNot", 5), LAWFUL]
    held = valid(service, mcp_test(server.url, "tool_list", *wanted))
    assert held == [True, False, False, False]


def test_a_tool_that_fails_never_passes(server: McpServer, service: Service) -> None:
    unknown = mcp_test(server.url, "tool_call", FINE, LAWFUL, toolName="bark")
    code, message = failure(service, unknown)
    assert (code, "tool" in message) == ("UNKNOWN", True)


def test_values_are_extracted_for_later_steps(server: McpServer, service: Service) -> None:
    path = {"type": "json_path", "value": "$.result.tools[1].name"}
    extracted = [
        {"name": "TOOL", "type": "http_body", "parser": path},
        {"name": "STATUS", "type": "http_status_code", "parser": {"type": "raw"}},
        {"name": "S", "type": "http_header", "field": "Mcp-Session-Id", "parser": {"type": "raw"}},
    ]
    first = {"callType": "tool_list", "url": server.url}
    second: Json = {"callType": "tool_call", "url": server.url, "toolName": "{{ TOOL }}"}
    second["toolArgs"] = {"status": "{{ STATUS }} {{ S }}"}
    common = {"subtype": "mcp", "assertions": [FINE, LAWFUL]}
    steps = [
        {**common, "name": "list", "request": first, "extractedValues": extracted},
        {**common, "name": "call", "request": second},
    ]
    definition = network_test("multi", {}, config={"steps": steps})
    del definition["config"]["request"], definition["config"]["assertions"]
    assert service.run(definition)["status"] == "passed"
    called = server.asked[-1][0]["params"]
    assert called == {"name": "sit", "arguments": {"status": f"200 {SESSION}"}}


def test_no_server_there(service: Service, target: Target) -> None:
    refused = mcp_test(f"http://127.0.0.1:{refusing_port()}/", "init", FINE)
    assert failure(service, refused)[0] == "CONNREFUSED"
    assert failure(service, mcp_test("http://nowhere.invalid/", "init", FINE))[0] == "DNS"
    with silent_port() as port:
        silent = mcp_test(f"http://127.0.0.1:{port}/", "init", FINE, timeout=0.2)
        assert failure(service, silent)[0] == "TIMEOUT"
    target.answer("/", body="<html>")
    assert failure(service, mcp_test(target.url, "init", FINE))[0] == "MALFORMED_RESPONSE"


@pytest.mark.parametrize("url", ["ws://127.0.0.1/", "http://", "shop"])
def test_a_url_that_is_none(service: Service, url: str) -> None:
    assert failure(service, mcp_test(url, "init", FINE))[0] == "INVALID_REQUEST"


@pytest.mark.parametrize(
    ("part", "named"),
    [
        ({"url": ""}, "config.request.url"),
        ({"callType": "prompt_list"}, "'prompt_list'"),
        ({"callType": "tool_call"}, "config.request.toolName"),
        ({**SEARCH, "toolArgs": [1]}, "config.request.toolArgs"),
        ({"mcpProtocolVersion": "2024-11-05"}, "mcpProtocolVersion"),
        ({"headers": {"a": 1}}, "config.request.headers"),
        ({"basicAuth": {"username": "a"}}, "config.request.basicAuth"),
        ({"timeout": -1}, "config.request.timeout"),
        ({"config": {"assertions": []}}, "config.assertions is empty"),
        ({"config": {"assertions": [that("mcpToolCount", "is", 1)]}}, "'mcpToolCount'"),
        ({"config": {"assertions": [{**LAWFUL, "operator": "is"}]}}, "mcpRespectsSpecification"),
        (
            {"config": {"assertions": [that("mcpServerCapabilities", "contains", "tools")]}},
            "must be a list",
        ),
        (
            {"config": {"assertions": [that("mcpServerCapabilities", "is", ["tools"])]}},
            "'is'",
        ),
    ],
)
def test_what_is_not_supported_is_refused_by_name(service: Service, part: Json, named: str) -> None:
    request = {"callType": "init", "url": "http://127.0.0.1:1/", **part}
    config = request.pop("config", None)
    code, message = failure(service, network_test("mcp", request, FINE, config=config))
    assert code == "INVALID_TEST"
    assert named in message
