"""A session of the Model Context Protocol over streamable HTTP.

https://modelcontextprotocol.io/specification/2025-06-18/basic/transports
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx

from pytest_storedog_gate.local_synthetics.kinds.http.exchange import Answer as HttpAnswer
from pytest_storedog_gate.reading import json_text

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pytest_storedog_gate.local_synthetics.definitions.definition import Json

LARGEST = 5 * 1024 * 1024
"""Bytes of an answer."""
_GOODBYE = 1  # s for the end of the session
_JSON, _EVENTS = "application/json", "text/event-stream"


@dataclass
class Answer(HttpAnswer):
    """What came back for one message. `document` is None when it is no JSON-RPC answer to it."""

    document: Json | None = None

    @property
    def result(self) -> Json:
        """The result that was asked for, or an empty one."""
        found = (self.document or {}).get("result")
        return found if isinstance(found, dict) else {}


@dataclass(slots=True)
class Session:
    """Sends messages. Methods raise CheckFailed, httpx.HTTPError."""

    client: httpx.AsyncClient
    url: str
    headers: dict[str, str]
    _sent: int = 0
    _own: dict[str, str] = field(default_factory=dict)

    async def initialize(self, version: str) -> Answer:
        """Open the session, and keep what later messages must carry."""
        client = {"name": "Datadog/Synthetics", "version": "1"}
        answer = await self.ask(
            "initialize", {"protocolVersion": version, "capabilities": {}, "clientInfo": client}
        )
        if session := answer.headers.get("mcp-session-id"):
            self._own["Mcp-Session-Id"] = session
        agreed = answer.result.get("protocolVersion")
        if isinstance(agreed, str) and agreed.isascii() and agreed.isprintable():
            self._own["MCP-Protocol-Version"] = agreed
        return answer

    async def ask(self, method: str, parameters: Json) -> Answer:
        """Send a request, and wait for its answer."""
        self._sent += 1
        return await self._post(
            {"jsonrpc": "2.0", "id": self._sent, "method": method, "params": parameters}
        )

    async def tell(self, method: str) -> Answer:
        """Send a notification, which is answered with nothing but a status."""
        return await self._post({"jsonrpc": "2.0", "method": method})

    async def end(self) -> None:
        """End the session, where there is one; a server need not care."""
        if "Mcp-Session-Id" not in self._own:
            return
        with contextlib.suppress(httpx.HTTPError, TimeoutError):
            async with asyncio.timeout(_GOODBYE):
                async with self.client.stream("DELETE", self.url, headers=self._all_headers()):
                    pass  # nobody reads what it says

    def _all_headers(self) -> dict[str, str]:
        own = {"Accept": f"{_JSON}, {_EVENTS}", "User-Agent": "Datadog/Synthetics"}
        return {**own, **self.headers, **self._own}

    async def _post(self, message: Json) -> Answer:
        async with self.client.stream(
            "POST",
            self.url,
            content=json.dumps(message).encode(),
            headers={**self._all_headers(), "Content-Type": _JSON},
        ) as response:
            wanted = message.get("id")
            text, document = "", None
            async for text in _texts(response):
                document = _answer_to(wanted, text)
                if document is not None:
                    break
            return Answer(response.status_code, dict(response.headers), text, document)


async def _texts(response: httpx.Response) -> AsyncIterator[str]:
    """The body, or the data of each of its events."""
    if not response.headers.get("content-type", "").lower().startswith(_EVENTS):
        yield (await response.aread()).decode(errors="replace")
        return
    data = list[str]()
    async for line in _lines(response):
        if line.startswith("data:"):
            data.append(line.removeprefix("data:").removeprefix(" "))
        elif not line and data:
            yield "\n".join(data)
            data = []


async def _lines(response: httpx.Response) -> AsyncIterator[str]:
    """The lines of a stream of events. httpx ends lines at U+2028 too, which JSON may hold."""
    begun = list[str]()
    async for piece in response.aiter_text():
        *ends, rest = piece.split("\n")
        for end in ends:
            yield "".join((*begun, end)).removesuffix("\r")
            begun = []
        begun.append(rest)


def _answer_to(wanted: Any, text: str) -> Json | None:
    """The document, if it is an answer to the message with this ID. Others may come between."""
    try:
        document = json_text.loads(text)
    except ValueError:
        return None
    if wanted is None or not isinstance(document, dict) or document.get("id") != wanted:
        return None
    return document if "result" in document or "error" in document else None
