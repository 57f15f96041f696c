"""MCP API tests (`type: api`, `subtype: mcp`): a server of the Model Context Protocol.

Each test has a session of its own: it is opened whichever call is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pytest_storedog_gate.local_synthetics.assertions.assertion import (
    JSON_PATH,
    JSON_SCHEMA,
    NoValue,
)
from pytest_storedog_gate.local_synthetics.assertions.operators import ABSENCE, GENERAL, Elements
from pytest_storedog_gate.local_synthetics.failures import CheckFailed
from pytest_storedog_gate.local_synthetics.kinds.common import allowed, probing, request_values
from pytest_storedog_gate.local_synthetics.kinds.http import bounded_answers
from pytest_storedog_gate.local_synthetics.kinds.mcp import specification
from pytest_storedog_gate.local_synthetics.kinds.mcp.session import LARGEST, Answer, Session
from pytest_storedog_gate.local_synthetics.network.addresses import resolve
from pytest_storedog_gate.local_synthetics.network.stopwatch import Sighting
from pytest_storedog_gate.local_synthetics.network.tls_contexts import context_for
from pytest_storedog_gate.local_synthetics.variables.variables import filled
from pytest_storedog_gate.secrets.places import mask_headers, mask_url

if TYPE_CHECKING:
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
    "body": probing.TEXTUAL | {JSON_PATH, JSON_SCHEMA},
    "responseTime": probing.ORDERED,
    "mcpRespectsSpecification": frozenset(),
    "mcpServerCapabilities": frozenset({"contains", "doesNotContain"}),
}


def _version(request: Json, key: str) -> list[str]:
    known = request.get(key, _VERSION) == _VERSION
    return [] if known else [f"config.request.{key} must be {_VERSION}"]


def _arguments(request: Json, key: str) -> list[str]:
    known = isinstance(request.get(key) or {}, dict)
    return [] if known else [f"config.request.{key} must be an object"]


class McpCheck(probing.ProbingCheck):
    """Opens a session, makes the call and evaluates the assertions on the answers."""

    extractable: ClassVar = {"http_body": False, "http_header": True, "http_status_code": False}
    fields: ClassVar = {
        "url": allowed.needed_text, "callType": allowed.anything, "toolName": allowed.anything,
        "toolArgs": _arguments, "mcpProtocolVersion": _version, "headers": allowed.texts,
        "timeout": allowed.seconds, "allow_insecure": allowed.anything,
    }  # fmt: skip
    operators: ClassVar = {
        _INIT: _COMMON,
        _LIST: {**_COMMON, "mcpToolCount": probing.ORDERED, "mcpToolNameLength": probing.ORDERED},
        _CALL: _COMMON,
    }

    def call_of(self, definition: Definition) -> str:
        return str(definition.request.get("callType"))

    def unsupported(self, definition: Definition) -> list[str]:
        problems = super().unsupported(definition)
        if self.call_of(definition) == _CALL:
            problems += allowed.needed_text(definition.request, "toolName")
        return problems

    async def run(self, run: Run, variables: Variables) -> Outcome:
        talk = _Talk(run, variables)
        return await self.check(
            run, variables, talk.seen, talk.probe(), talk.actual, talk.timeout, part=talk.part
        )


class _Talk:
    """One session: what is asked for, and what assertions look at."""

    def __init__(self, run: Run, variables: Variables) -> None:
        definition, request = run.definition, run.definition.request
        self.url = variables.fill(request["url"])
        parsed = request_values.checked_url(self.url, variables)
        self.host = parsed.raw_host.decode("ascii")
        insecure = request_values.setting(definition, "allow_insecure") or parsed.scheme == "http"
        # Loading the authorities takes longer than the check.
        self.context = False if insecure else context_for("mcp")
        self.headers = request_values.headers_of(request, variables)
        self.call = request["callType"]
        self.tool = variables.fill(request.get("toolName") or "")
        self.arguments = filled(request.get("toolArgs") or {}, variables.fill)
        self.status_is_asserted = "statusCode" in request_values.asserted(definition)
        self.timeout = request_values.timeout_of(request, variables)
        self.opened = self.last = Answer()  # the first one, and the last
        self.tools: list[Any] | None = None
        self.problems: list[str] = []
        shown = {
            "url": mask_url(self.url),
            "headers": mask_headers(self.headers),
            "call_type": self.call,
            "timeout": round(self.timeout * 1000),
        }
        if self.call == _CALL:
            shown["tool_name"] = self.tool
        self.seen = Sighting({"request": shown, "call_type": self.call})

    def part(self, kind: str, name: str) -> str:
        return self.last.part(kind, name)

    def actual(self, assertion: Json) -> Any:
        match assertion["type"]:
            case "mcpServerCapabilities":
                capabilities = self.opened.result.get("capabilities")
                if not isinstance(capabilities, dict):
                    raise NoValue("the server told no capabilities")
                return sorted(capabilities)
            case "mcpRespectsSpecification":
                if self.problems:
                    raise NoValue("; ".join(dict.fromkeys(self.problems)))
                return True
            case "mcpToolCount" | "mcpToolNameLength" as kind:
                return _of_tools(kind, self.tools)
            case _:
                return self.last.actual(assertion)

    async def probe(self) -> None:
        self.seen.detail["resolved_ip"] = (await resolve(self.host))[0]
        self.seen.lap("dns")
        transport = bounded_answers.BoundedTransport(limit=LARGEST, verify=self.context)
        async with bounded_answers.bounded_client(transport) as client:
            session = Session(client, self.url, self.headers)
            try:
                await self._talk(session)
            finally:
                self.seen.lap("firstByte")
                if self.last.status:
                    self.seen.detail["response"] = {
                        "status_code": self.last.status,
                        "headers": mask_headers(self.last.headers),
                        "body": self.last.text,
                        "body_size": len(self.last.text.encode()),
                    }
                await session.end()
        self._look_for_errors()

    async def _talk(self, session: Session) -> None:
        """Make the call, unless an answer before it says that there is no use in it."""
        self.opened = self.last = await session.initialize(_VERSION)
        self.problems = specification.of_initialization(self.opened)
        if not _is_fine(self.opened) or "result" not in (self.opened.document or {}):
            return
        acknowledged = await session.tell("notifications/initialized")
        self.problems += specification.of_acknowledgement(acknowledged)
        if self.call == _LIST:
            await self._list_tools(session)
        elif self.call == _CALL:
            parameters = {"name": self.tool, "arguments": self.arguments}
            self.last = await session.ask("tools/call", parameters)
            self.problems += specification.of_tool_result(self.last)

    async def _list_tools(self, session: Session) -> None:
        tools, cursor = list[Any](), None
        for _ in range(_MOST_PAGES):
            self.last = await session.ask("tools/list", {"cursor": cursor} if cursor else {})
            self.problems += specification.of_tools(self.last)
            page = self.last.result.get("tools")
            if not isinstance(page, list):
                return
            tools += page
            cursor = self.last.result.get("nextCursor")
            if not cursor:
                self.tools = tools
                return
        raise CheckFailed("BODY_TOO_LARGE", f"The list of tools has over {_MOST_PAGES} pages.")

    def _look_for_errors(self) -> None:
        """Raise CheckFailed for an answer that tells of a failure, whatever its status says."""
        last = self.last
        if not _is_fine(last):
            if self.status_is_asserted:
                return
            raise CheckFailed("UNKNOWN", f"The server answered with HTTP status {last.status}.")
        if last.document is None:
            raise CheckFailed(
                "MALFORMED_RESPONSE", "The answer is not one of JSON-RPC to the call."
            )
        if "error" in last.document:
            error = last.document["error"]
            told = error if isinstance(error, dict) else {}
            raise CheckFailed(
                "UNKNOWN",
                f"The server answered with error {told.get('code')}: {told.get('message')}",
            )
        if last.result.get("isError") is True:
            raise CheckFailed("UNKNOWN", "The tool answered that it failed.")


def _is_fine(answer: Answer) -> bool:
    return 200 <= answer.status < 300


def _of_tools(kind: str, tools: list[Any] | None) -> Any:
    if tools is None:
        raise NoValue("the server listed no tools")
    if kind == "mcpToolCount":
        return len(tools)
    names = [tool.get("name") if isinstance(tool, dict) else None for tool in tools]
    if not names or not all(isinstance(name, str) for name in names):
        raise NoValue("there is no tool, or one without a name")
    return Elements([len(str(name)) for name in names], every=True)
