"""A target to check and a service to check it, both on real sockets."""

from __future__ import annotations

import itertools
import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

import requests
import uvicorn

from pytest_storedog_gate.local_synthetics.api.admission import Keys
from pytest_storedog_gate.local_synthetics.api.app import create_app
from pytest_storedog_gate.local_synthetics.api.arrival import ArrivalProtocol
from pytest_storedog_gate.local_synthetics.definitions.definition import Definition, parse
from pytest_storedog_gate.local_synthetics.definitions.files import Catalog
from pytest_storedog_gate.local_synthetics.definitions.suite import parse_suite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Json = dict[str, Any]
Answer = tuple[int, dict[str, str], str]
DEADLINE = 20  # s, for what a busy machine does in milliseconds


class Handler(BaseHTTPRequestHandler):
    """Answers with what `Target.routes` says for the path; keeps what it was asked."""

    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        target: Target = self.server.target  # type: ignore[attr-defined]
        length = int(self.headers.get("Content-Length") or 0)
        self.asked = {
            "method": self.command,
            "path": self.path,
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "body": self.rfile.read(length).decode(),
        }
        target.requests.append(self.asked)
        status, headers, body = target.routes[self.path.partition("?")[0]](self)
        if status == 0:  # the route has answered, or never will
            self.close_connection = True
            return
        content = body.encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815 the names that http.server looks for

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class TargetServer(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Say nothing: clients that go away are part of the tests."""


class Target:
    """An HTTP server whose answers a test sets."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self.server = server
        self.requests: list[Json] = []
        self.routes: dict[str, Callable[[Handler], Answer]] = {}
        self.answer("/", body="hello")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def answer(
        self, path: str, *, status: int = 200, body: str = "", headers: dict[str, str] | None = None
    ) -> None:
        self.routes[path] = lambda _: (status, headers or {}, body)

    def answer_json(self, path: str, value: Any) -> None:
        self.answer(path, body=json.dumps(value), headers={"Content-Type": "application/json"})


@contextmanager
def targeting() -> Iterator[Target]:
    """Run a target on a real socket."""
    server = TargetServer(("127.0.0.1", 0), Handler)
    server.target = Target(server)  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.target  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def until(condition: Callable[[], Any], what: str, seconds: float = DEADLINE) -> Any:
    """Wait for a true value of `condition`."""
    limit = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < limit, f"{what} did not come about"
        time.sleep(0.01)
    return value


class Service:
    """A client of a running service, which keeps its connections until it is closed."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.headers: dict[str, str] = {}
        self.session = requests.Session()
        # Whatever proxies are set, it is on this machine.
        self.session.trust_env = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.session.close()

    def get(self, path: str, **parameters: str) -> requests.Response:
        return self.session.get(
            self.url + path, params=parameters, headers=self.headers, timeout=DEADLINE
        )

    def post(self, body: Any) -> requests.Response:
        return self.session.post(
            f"{self.url}/api/v1/synthetics/tests/trigger/ci",
            data=body if isinstance(body, str | bytes) else json.dumps(body),
            headers={"Content-Type": "application/json", **self.headers},
            timeout=DEADLINE,
        )

    def trigger(self, *tests: Json, **options: Any) -> str:
        answer = self.post({"tests": list(tests), "options": options})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["batch_id"])

    def batch(self, batch_id: str) -> Json:
        data: Json = self.get(f"/api/v1/synthetics/ci/batch/{batch_id}").json()["data"]
        return data

    def poll(self, *result_ids: str) -> Json:
        answer = self.get(
            "/api/v2/synthetics/tests/poll_results", result_ids=json.dumps(result_ids)
        )
        assert answer.status_code == 200, answer.text
        document: Json = answer.json()
        return document

    def result(self, result_id: str) -> Json:
        (datum,) = self.poll(result_id)["data"]
        result: Json = datum["attributes"]["result"]
        return result

    def final(self, batch_id: str, seconds: float = DEADLINE) -> Json:
        """The batch that has ended; asking again and again would slow down what it does."""
        known = ""

        def finished() -> Json | None:
            nonlocal known
            answer = self.session.get(
                f"{self.url}/api/v1/synthetics/ci/batch/{batch_id}",
                headers={**self.headers, "Prefer": "wait=5", "If-None-Match": known},
                timeout=DEADLINE,
            )
            known = answer.headers["ETag"]
            batch: Json = answer.json()["data"] if answer.status_code == 200 else {}
            return batch if batch.get("status", "in_progress") != "in_progress" else None

        batch: Json = until(finished, "the end of the batch", seconds)
        return batch

    def run(self, definition: Json, **overrides: Any) -> Json:
        """The result of one local definition."""
        batch_id = self.trigger({"local_test_definition": definition, **overrides})
        (entry,) = self.final(batch_id)["results"]
        return self.result(entry["result_id"])


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self.ready.set()


@contextmanager
def serving(
    *definitions: Json | Definition,
    suites: Sequence[Json] = (),
    concurrency: int = 8,
    keys: Keys | None = None,
    kinds: Any = None,
    **parts: Any,
) -> Iterator[Service]:
    """Run the application with these definitions and suites on a real socket.

    `parts` are further ones of `create_app`.
    """
    parsed = [one if isinstance(one, Definition) else parse(one) for one in definitions]
    catalog = Catalog(
        {one.public_id: one for one in parsed},
        {one.public_id: one for one in map(parse_suite, suites)},
    )
    app = create_app(catalog, concurrency=concurrency, keys=keys or Keys(), kinds=kinds, **parts)
    config = uvicorn.Config(
        app, port=0, log_level="error", timeout_graceful_shutdown=1, http=ArrivalProtocol, ws="none"
    )
    server = _Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    assert server.ready.wait(DEADLINE)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        with Service(f"http://127.0.0.1:{port}") as client:
            yield client
    finally:
        server.should_exit = True
        thread.join()


_numbers = itertools.count(100)


def http_test(
    url: str,
    *assertions: Json,
    options: Json | None = None,
    config: Json | None = None,
    **request: Any,
) -> Json:
    """An HTTP API test; without assertions, one on status 200."""
    return {
        "public_id": f"abc-def-{next(_numbers)}",
        "type": "api",
        "subtype": "http",
        "name": "discounts: list",
        "tags": [],
        "locations": ["aws:eu-central-1"],
        "config": {
            "request": {"method": "GET", "url": url, **request},
            "assertions": list(assertions)
            or [{"type": "statusCode", "operator": "is", "target": 200}],
            **(config or {}),
        },
        "options": options or {},
    }
