"""MCP API tests (`type: api`, `subtype: mcp`): a server of the Model Context Protocol.

Each test has a session of its own: it is opened whichever call is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import httpx

from pytest_storedog_gate.local_synthetics.assertions.assertion import (
    JSON_PATH,
    JSON_SCHEMA,
    NoValue,
    named,
)
from pytest_storedog_gate.local_synthetics.assertions.operators import ABSENCE, GENERAL, Elements
from pytest_storedog_gate.local_synthetics.failures import CheckFailed
from pytest_storedog_gate.local_synthetics.kinds.common import allowed, request_values
from pytest_storedog_gate.local_synthetics.kinds.common.probing import (
    ORDERED,
    TEXTUAL,
    ProbingCheck,
    cut,
)
from pytest_storedog_gate.local_synthetics.kinds.http.bounded_answers import (
    ENCODINGS,
    BoundedTransport,
)
from pytest_storedog_gate.local_synthetics.kinds.mcp import specification
from pytest_storedog_gate.local_synthetics.kinds.mcp.session import LARGEST, Answer, Session
from pytest_storedog_gate.local_synthetics.network.addresses import resolve
from pytest_storedog_gate.local_synthetics.network.failures import network_failure
from pytest_storedog_gate.local_synthetics.network.stopwatch import Sighting
from pytest_storedog_gate.local_synthetics.network.tls_contexts import context_for
from pytest_storedog_gate.local_synthetics.variables.variables import filled
from pytest_storedog_gate.secrets.places import mask_headers, mask_url

if TYPE_CHECKING:
    import ssl

    from pytest_storedog_gate.local_synthetics.assertions.assertion import Operators
    from pytest_storedog_gate.local_synthetics.definitions.definition import Definition, Json
    from pytest_storedog_gate.local_synthetics.kinds.protocol import Outcome, Run
    from pytest_storedog_gate.local_synthetics.variables.variables import Variables

_VERSION = "2025-06-18"
_INIT, _LIST, _CALL = "init", "tool_list", "tool_call"
_MOST_PAGES = 50
_COMMON: Operators = {
    "statusCode": GENERAL,
    "header": GENERAL | ABSENCE,
    "body": TEXTUAL | {JSON_PATH, JSON_SCHEMA},
    "responseTime": ORDERED,
    "mcpRespectsSpecification": frozenset(),
    "mcpServerCapabilities": frozenset({"contains", "doesNotContain"}),
}


@dataclass(frozen=True, slots=True)
class _Target:
    url: str
    host: str
    headers: dict[str, str]
    version: str
    call: str
    tool: str
    arguments: Json


@dataclass(slots=True)
class _Found:
    """What the assertions look at: the first and the last answer, and what is wrong with them."""

    opened: Answer | None = None
    last: Answer | None = None
    tools: list[Any] | None = None
    problems: list[str] = field(default_factory=list)

    def part(self, kind: str, name: str) -> str:
        """See `protocol.Source`."""
        if self.last is None:
            raise NoValue("the server did not answer")
        match kind:
            case "http_body":
                return self.last.text
            case "http_status_code":
                return str(self.last.status)
            case _:
                return named(self.last.headers, name)


def _version(request: Json, key: str) -> list[str]:
    known = request.get(key, _VERSION) == _VERSION
    return [] if known else [f"config.request.{key} must be {_VERSION}"]


def _arguments(request: Json, key: str) -> list[str]:
    known = isinstance(request.get(key) or {}, dict)
    return [] if known else [f"config.request.{key} must be an object"]


class McpCheck(ProbingCheck):
    """Opens a session, makes the call and evaluates the assertions on the answers."""

    extractable: ClassVar = {"http_body": False, "http_header": True, "http_status_code": False}
    fields: ClassVar = {
        "url": allowed.needed_text, "callType": allowed.anything, "toolName": allowed.anything,
        "toolArgs": _arguments, "mcpProtocolVersion": _version, "headers": allowed.texts,
        "timeout": allowed.seconds, "allow_insecure": allowed.anything,
    }  # fmt: skip
    operators: ClassVar = {
        _INIT: _COMMON,
        _LIST: {**_COMMON, "mcpToolCount": ORDERED, "mcpToolNameLength": ORDERED},
        _CALL: _COMMON,
    }

    def call_of(self, definition: Definition) -> str:
        """See `RequestCheck`."""
        return str(definition.request.get("callType"))

    def unsupported(self, definition: Definition) -> list[str]:
        """See `Kind`."""
        problems = super().unsupported(definition)
        if self.call_of(definition) == _CALL:
            problems += allowed.needed_text(definition.request, "toolName")
        return problems

    async def run(self, run: Run, variables: Variables) -> Outcome:
        """See `Kind`."""
        target = _target(run, variables)
        timeout = request_values.timeout_of(run.definition.request, variables)
        shown = {
            "url": mask_url(target.url),
            "headers": mask_headers(target.headers),
            "call_type": target.call,
            "timeout": round(timeout * 1000),
        }
        if target.call == _CALL:
            shown["tool_name"] = target.tool
        seen, found = Sighting({"request": shown, "call_type": target.call}), _Found()
        probe = _probe(run, target, seen, found, variables)
        return await self.check(run, variables, seen, probe, partial(_actual, found), timeout)


def _target(run: Run, variables: Variables) -> _Target:
    request = run.definition.request
    url = variables.fill(request["url"])
    parsed = request_values.checked_url(url, variables)
    return _Target(
        url=url,
        host=parsed.raw_host.decode("ascii"),
        headers=request_values.headers_of(request, variables),
        version=_VERSION,
        call=request["callType"],
        tool=variables.fill(request.get("toolName") or ""),
        arguments=filled(request.get("toolArgs") or {}, variables.fill),
    )


def _context(target: _Target, definition: Definition) -> ssl.SSLContext | bool:
    if (
        request_values.setting(definition, "allow_insecure")
        or httpx.URL(target.url).scheme == "http"
    ):
        return False  # loading the authorities takes longer than the check
    return context_for("mcp")


async def _probe(
    run: Run, target: _Target, seen: Sighting, found: _Found, variables: Variables
) -> None:
    context = _context(target, run.definition)
    wanted = run.definition.config.get("assertions") or []
    seen.detail["resolved_ip"] = (await resolve(target.host))[0]
    seen.lap("dns")
    try:
        async with httpx.AsyncClient(
            transport=BoundedTransport(limit=LARGEST, verify=context),
            headers={"Accept-Encoding": ", ".join(ENCODINGS)},
            timeout=None,  # noqa: S113 the whole is limited by `check`
        ) as client:
            session = Session(client, target.url, target.headers)
            try:
                await _talk(session, target, found)
            finally:
                seen.lap("firstByte")
                await session.end()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise network_failure(error) from None
    finally:
        seen.finish()
        _remember(found, seen, variables)
    _look_for_errors(found, status_is_asserted=any(one["type"] == "statusCode" for one in wanted))
    await run.answered(found.part)
    _remember(found, seen, variables)  # without what has become secret


async def _talk(session: Session, target: _Target, found: _Found) -> None:
    """Make the call, unless an answer before it says that there is no use in it."""
    found.opened = found.last = await session.initialize(target.version)
    found.problems = specification.of_initialization(found.opened)
    if not _is_result(found.opened):
        return
    acknowledged = await session.tell("notifications/initialized")
    found.problems += specification.of_acknowledgement(acknowledged)
    if target.call == _LIST:
        await _list_tools(session, found)
    elif target.call == _CALL:
        parameters = {"name": target.tool, "arguments": target.arguments}
        found.last = await session.ask("tools/call", parameters)
        found.problems += specification.of_tool_result(found.last)


async def _list_tools(session: Session, found: _Found) -> None:
    tools, cursor = list[Any](), None
    for _ in range(_MOST_PAGES):
        answer = found.last = await session.ask("tools/list", {"cursor": cursor} if cursor else {})
        found.problems += specification.of_tools(answer)
        page = answer.result.get("tools")
        if not isinstance(page, list):
            return
        tools += page
        cursor = answer.result.get("nextCursor")
        if not cursor:
            found.tools = tools
            return
    raise CheckFailed("BODY_TOO_LARGE", f"The list of tools has over {_MOST_PAGES} pages.")


def _is_result(answer: Answer) -> bool:
    return 200 <= answer.status < 300 and "result" in (answer.document or {})


def _look_for_errors(found: _Found, *, status_is_asserted: bool) -> None:
    """Raise CheckFailed for an answer that tells of a failure, whatever its status says."""
    last = found.last
    if last is None or (not 200 <= last.status < 300 and status_is_asserted):
        return
    if not 200 <= last.status < 300:
        raise CheckFailed("UNKNOWN", f"The server answered with HTTP status {last.status}.")
    if last.document is None:
        raise CheckFailed("MALFORMED_RESPONSE", "The answer is not one of JSON-RPC to the call.")
    if "error" in last.document:
        error = last.document["error"]
        told = error if isinstance(error, dict) else {}
        raise CheckFailed(
            "UNKNOWN", f"The server answered with error {told.get('code')}: {told.get('message')}"
        )
    if last.result.get("isError") is True:
        raise CheckFailed("UNKNOWN", "The tool answered that it failed.")


def _remember(found: _Found, seen: Sighting, variables: Variables) -> None:
    if found.last is None:
        return
    text, truncated = cut(found.last.text, variables)
    seen.detail["response"] = {
        "status_code": found.last.status,
        "headers": mask_headers(found.last.headers),
        "body": text,
        "body_size": len(found.last.text.encode()),
        "is_body_truncated": truncated,
    }


def _actual(found: _Found, assertion: Json) -> Any:
    opened, last = found.opened, found.last
    if opened is None or last is None:
        raise NoValue("the server did not answer")
    match assertion["type"]:
        case "statusCode":
            return last.status
        case "header":
            return named(last.headers, assertion["property"])
        case "body":
            return last.text
        case "mcpServerCapabilities":
            capabilities = opened.result.get("capabilities")
            if not isinstance(capabilities, dict):
                raise NoValue("the server told no capabilities")
            return sorted(capabilities)
        case "mcpRespectsSpecification":
            if found.problems:
                raise NoValue("; ".join(dict.fromkeys(found.problems)))
            return True
        case kind:
            return _of_tools(kind, found.tools)


def _of_tools(kind: str, tools: list[Any] | None) -> Any:
    if tools is None:
        raise NoValue("the server listed no tools")
    if kind == "mcpToolCount":
        return len(tools)
    names = [tool.get("name") if isinstance(tool, dict) else None for tool in tools]
    if not names or not all(isinstance(name, str) for name in names):
        raise NoValue("there is no tool, or one without a name")
    return Elements([len(str(name)) for name in names], every=True)
