"""Stands for Datadog's servers, on loopback, where they are at fault.

That is what neither the local service nor a recording can show: answers that are wrong, late,
refused or lost. A test scripts each route's answers in turn.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass
class Answer:
    """One scripted answer; a `status` of 0 closes the connection without answering.

    A body of bytes or text is sent as it is, anything else as JSON. `headers` may hold a
    `Content-Length` that is not true.
    """

    body: Any = field(default_factory=dict)
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Asked:
    """One request, as it arrived."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: Any


class FakeDatadog:
    """Each route answers its script in turn, its last answer for ever, or what `dynamic` says."""

    def __init__(self) -> None:
        self.script: dict[str, list[Answer]] = {}
        self.dynamic: dict[str, Callable[[], Answer]] = {}
        self.asked: list[Asked] = []
        self._news = threading.Condition()
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                fake.answer(self)

            def do_POST(self) -> None:
                fake.answer(self)

            def log_message(self, *_: object) -> None:
                """Says nothing: the test's output is not the place."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self._thread.start()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        path, _, query = handler.path.partition("?")
        length = int(handler.headers.get("Content-Length") or 0)
        asked = json.loads(handler.rfile.read(length)) if length else None
        with self._news:
            self.asked.append(Asked(handler.command, path, query, dict(handler.headers), asked))
            self._news.notify_all()
        route = next((name for name in self.script if path.endswith(name)), None)
        scripted = self.script.get(route or "", [Answer({"errors": ["Not found"]}, 404)])
        answer = scripted.pop(0) if len(scripted) > 1 else scripted[0]
        for name, made in self.dynamic.items():
            if path.endswith(name):
                answer = made()
        if answer.status == 0:
            handler.close_connection = True
            return
        body = answer.body if isinstance(answer.body, str | bytes) else json.dumps(answer.body)
        sent = body.encode() if isinstance(body, str) else body
        usual = {"Content-Type": "application/json", "Content-Length": str(len(sent))}
        handler.send_response(answer.status)
        for name, value in (usual | answer.headers).items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(sent)

    def wait_for(self, route: str) -> None:
        """Returns once the route has been asked."""
        with self._news:
            assert self._news.wait_for(lambda: self.count(route) > 0, timeout=30)

    def count(self, route: str) -> int:
        return sum(asked.path.endswith(route) for asked in self.asked)

    def close(self) -> None:
        self.server.shutdown()
        self._thread.join()
        self.server.server_close()
