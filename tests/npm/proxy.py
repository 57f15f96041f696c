"""Stands for Datadog's faults: a proxy before the local service, which itself has none.

It keeps every call, passes it on, and answers or changes answers where a fault says so.
"""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

import requests

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Json = dict[str, Any]
ALWAYS = 10**6
_NAMES = {
    r"GET /api/v1/synthetics/settings": "settings",
    r"GET /api/v1/synthetics/tests/search": "search",
    r"POST /api/v1/synthetics/tests/trigger/ci": "trigger",
    r"GET /api/v1/synthetics/tests/[^/]+": "test",
    r"GET /api/v1/synthetics/ci/batch/[^/]+": "batch",
    r"GET /api/v2/synthetics/tests/poll_results": "results",
    r"GET /api/v2/synthetics/tests/[^/]+/version_history/\d+": "version",
    r"GET /api/v2/synthetics/suites/[^/]+": "suite",
}


@dataclass(frozen=True)
class Fault:
    """What is wrong with the calls of one name; `any` means all of them.

    `status` is answered in the service's place (0: the connection is dropped); None passes the call
    on, and `change` edits what was answered. It holds `times`, from call number `after` on.
    """

    call: str
    status: int | None = None
    headers: Callable[[], dict[str, str]] = dict
    change: Callable[[Json], None] | None = None
    times: int = ALWAYS
    after: int = 0

    def holds(self, name: str, number: int) -> bool:
        """Whether call `number` of that name is a victim."""
        if self.call == "any":
            return True
        return self.call == name and self.after <= number < self.after + self.times


@dataclass(frozen=True)
class Call:
    """One call as it arrived."""

    name: str
    method: str
    path: str
    body: Any


class FaultProxy:
    """Listens on a free port while in its `with` block; `calls` is what came."""

    def __init__(self, service: str, faults: Sequence[Fault] = ()) -> None:
        self.calls: list[Call] = []
        self._service = service
        self._faults = faults
        self._seen: Counter[str] = Counter()
        self._lock = threading.Lock()
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _any(self) -> None:
                proxy.handle(self)

            do_GET = do_POST = _any  # noqa: N815  # the names that http.server looks for

            def log_message(self, *_: object) -> None:
                """Says nothing: the test's output is not the place."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def handle(self, request: BaseHTTPRequestHandler) -> None:
        """Answers one request."""
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        line = f"{request.command} {request.path.partition('?')[0]}"
        name = next((n for pattern, n in _NAMES.items() if re.fullmatch(pattern, line)), line)
        call = Call(name, request.command, request.path, json.loads(body) if body else None)
        with self._lock:
            number = self._seen[name]
            self._seen[name] += 1
            self.calls.append(call)
        faults = [fault for fault in self._faults if fault.holds(name, number)]
        refusal = next((fault for fault in faults if fault.status is not None), None)
        if refusal is not None:
            _refuse(request, refusal)
            return
        answer = requests.request(
            request.command,
            self._service + request.path,
            data=body,
            headers={"Content-Type": "application/json"},
            timeout=60,
        )
        content = answer.content
        if answer.ok and any(fault.change for fault in faults):
            data = json.loads(content)
            for fault in faults:
                if fault.change:
                    fault.change(data)
            content = json.dumps(data).encode()
        _send(request, answer.status_code, {}, content)


def _refuse(request: BaseHTTPRequestHandler, fault: Fault) -> None:
    if not fault.status:
        request.close_connection = True
        return
    content = json.dumps({"errors": ["injected"]}).encode()
    _send(request, fault.status, fault.headers(), content)


def _send(
    request: BaseHTTPRequestHandler, status: int, headers: dict[str, str], content: bytes
) -> None:
    request.send_response(status)
    for name, value in {"Content-Type": "application/json", **headers}.items():
        request.send_header(name, value)
    request.send_header("Content-Length", str(len(content)))
    request.end_headers()
    request.wfile.write(content)
