"""Where a server departs from the Model Context Protocol, as far as one session shows it.

https://modelcontextprotocol.io/specification/2025-06-18
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_storedog_gate.local_synthetics.kinds.mcp.session import Answer

_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}")
_SESSION = re.compile(r"[\x21-\x7e]+")
_CONTENT: Mapping[str, Mapping[str, type]] = {
    "text": {"text": str},
    "image": {"data": str, "mimeType": str},
    "audio": {"data": str, "mimeType": str},
    "resource_link": {"uri": str, "name": str},
    "resource": {"resource": dict},
}


def of_message(answer: Answer) -> list[str]:
    """What any answer to a request must be."""
    if answer.document is None:
        return ["the answer is no JSON-RPC answer to the request"]
    problems = []
    if answer.document.get("jsonrpc") != "2.0":
        problems.append('jsonrpc is not "2.0"')
    if "result" in answer.document and "error" in answer.document:
        problems.append("there is both a result and an error")
    kind = answer.headers.get("content-type", "").partition(";")[0].strip()
    if kind not in {"application/json", "text/event-stream"}:
        problems.append(f"the content type is {kind!r}")
    if "result" in answer.document and not isinstance(answer.document["result"], dict):
        problems.append("the result is no object")
    return problems


def of_initialization(answer: Answer) -> list[str]:
    """What the answer to `initialize` must be."""
    problems, result = of_message(answer), answer.result
    if not _VERSION.fullmatch(str(result.get("protocolVersion"))):
        problems.append("protocolVersion is no version")
    capabilities = result.get("capabilities")
    if not isinstance(capabilities, dict) or not all(
        isinstance(one, dict) for one in capabilities.values()
    ):
        problems.append("capabilities is no object of objects")
    problems += _lacks(result.get("serverInfo"), "serverInfo", {"name": str, "version": str})
    session = answer.headers.get("mcp-session-id")
    if session is not None and not _SESSION.fullmatch(session):
        problems.append("Mcp-Session-Id holds more than visible ASCII")
    return problems


def of_acknowledgement(answer: Answer) -> list[str]:
    """What the answer to a notification must be."""
    if answer.status == 202 and not answer.text:
        return []
    return ["notifications/initialized is not answered with status 202 and no body"]


def of_tools(answer: Answer) -> list[str]:
    """What the answer to `tools/list` must be."""
    problems, tools = of_message(answer), answer.result.get("tools")
    if not isinstance(tools, list):
        return [*problems, "tools is no list"]
    names = [tool.get("name") for tool in tools if isinstance(tool, dict)]
    if len({str(name) for name in names}) != len(names):
        problems.append("two tools have the same name")
    for index, tool in enumerate(tools):
        problems += _lacks(tool, f"tools[{index}]", {"name": str, "inputSchema": dict})
        for key in ("inputSchema", "outputSchema"):
            schema = tool.get(key) if isinstance(tool, dict) else None
            if schema is not None and _kind_of(schema) != "object":
                problems.append(f"tools[{index}].{key} is no schema of an object")
    return problems


def of_tool_result(answer: Answer) -> list[str]:
    """What the answer to `tools/call` must be."""
    problems, result = of_message(answer), answer.result
    if not isinstance(result.get("isError", False), bool):
        problems.append("isError is neither true nor false")
    if not isinstance(result.get("structuredContent", {}), dict):
        problems.append("structuredContent is no object")
    content = result.get("content")
    if not isinstance(content, list):
        return [*problems, "content is no list"]
    for index, item in enumerate(content):
        kind = _kind_of(item)
        if kind not in _CONTENT:
            problems.append(f"content[{index}] has no known type")
        else:
            problems += _lacks(item, f"content[{index}]", _CONTENT[kind])
    return problems


def _kind_of(value: Any) -> str:
    return str(value.get("type")) if isinstance(value, dict) else ""


def _lacks(value: Any, name: str, parts: Mapping[str, type]) -> list[str]:
    if not isinstance(value, dict):
        return [f"{name} is no object"]
    return [
        f"{name}.{key} is missing or of another type"
        for key, kind in parts.items()
        if not isinstance(value.get(key), kind) or value[key] == ""
    ]
