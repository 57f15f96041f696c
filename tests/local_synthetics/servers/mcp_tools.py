"""A server of the Model Context Protocol with two tools, over streamable HTTP."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.local_synthetics.support.service import Json

SESSION = "session-1"
TOOLS: list[Any] = [
    {"name": "search", "description": "Search.", "inputSchema": {"type": "object"}},
    {"name": "sit", "inputSchema": {"type": "object"}},
]


@dataclass
class McpServer:
    """`asked` holds each message with its headers; the rest is what a test may change."""

    url: str = ""
    asked: list[tuple[Json, dict[str, str]]] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    events: bool = False
    pages: list[list[Any]] = field(default_factory=lambda: [TOOLS])
    changes: dict[str, Any] = field(default_factory=dict)
    """By method: another status, or another document."""

    def reset(self) -> None:
        self.asked.clear()
        self.ended.clear()
        self.events, self.pages, self.changes = False, [TOOLS], {}

    def result(self, message: Json) -> Json:
        parameters = message.get("params") or {}
        match message["method"]:
            case "initialize":
                return {
                    "protocolVersion": parameters["protocolVersion"],
                    "capabilities": {"tools": {}, "logging": {}},
                    "serverInfo": {"name": "storedog", "version": "1"},
                }
            case "tools/list":
                page = int(parameters.get("cursor", 0))
                more = {"nextCursor": str(page + 1)} if page + 1 < len(self.pages) else {}
                return {"tools": self.pages[page], **more}
            case _:
                text = json.dumps(parameters.get("arguments"))
                failed = parameters.get("name") not in {"search", "sit"}
                return {"content": [{"type": "text", "text": text}], "isError": failed}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_POST(self) -> None:
        mcp = self.server.mcp
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        mcp.asked.append((message, {name.lower(): text for name, text in self.headers.items()}))
        change = mcp.changes.get(message["method"])
        if isinstance(change, int) or "id" not in message:
            self._answer(change if isinstance(change, int) else 202, "text/plain", b"")
            return
        document = {"jsonrpc": "2.0", "id": message["id"], "result": mcp.result(message)}
        document = change(document) if callable(change) else document
        text = json.dumps(document, ensure_ascii=False)
        if mcp.events:
            first = json.dumps({"jsonrpc": "2.0", "method": "notifications/message", "params": {}})
            body = f": hello\n\nevent: message\ndata: {first}\n\ndata: {text}\n\n"
            self._answer(200, "text/event-stream", body.encode())
        else:
            self._answer(200, "application/json", text.encode())

    def do_DELETE(self) -> None:
        self.server.mcp.ended.append(self.headers["Mcp-Session-Id"])
        self._answer(200, "text/plain", b"")

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Mcp-Session-Id", SESSION)
        self.send_header("X-Dog", "beagle")
        self.send_header("X-Count", "7")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    mcp: McpServer


@contextmanager
def mcp_server() -> Iterator[McpServer]:
    """Run it on a real socket."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.mcp = McpServer(f"http://127.0.0.1:{server.server_port}/mcp")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.mcp
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
