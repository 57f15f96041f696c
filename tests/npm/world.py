"""What both tools are run against: a shop, the checks of it, and the real local service."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Json = dict[str, Any]
PLACE = "aws:eu-central-1"
# Longer than any batch of these tests may take.
SLOW = 20.0  # s


class Shop:
    """Answers `/ok` with 200, `/broken` with 500, `/flaky` in turn with 500 and 200.

    `/slow` answers late, and `/greeting` with 200 only to those who say hello.
    """

    def __init__(self) -> None:
        self.closing = threading.Event()
        self._lock = threading.Lock()
        self._flaky = 0
        shop = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(shop.status(self.path, self.headers.get("X-Say")))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Says nothing: the test's output is not the place."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                """Says nothing: a client that gave up is part of the tests."""

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def status(self, path: str, said: str | None) -> int:
        """The status that the path is answered with."""
        if path == "/greeting":
            return 200 if said == "hello" else 400
        if path == "/flaky":
            with self._lock:
                self._flaky += 1
                return 500 if self._flaky % 2 else 200
        if path == "/slow":
            self.closing.wait(SLOW)
        return 500 if path == "/broken" else 200


def definition(public_id: str, path: str, shop: str, **more: Any) -> Json:
    """One HTTP check that wants status 200."""
    request = {"method": "GET", "url": "{{ SHOP }}" + path, "timeout": 30}
    return {
        "public_id": public_id,
        "type": "api",
        "subtype": "http",
        "name": f"name of {public_id}",
        "tags": ["team:shop"] if public_id.startswith("pas") else [],
        "locations": [PLACE],
        "options": {},
        "config": {
            "request": request,
            "assertions": [{"type": "statusCode", "operator": "is", "target": 200}],
            "configVariables": [{"name": "SHOP", "type": "text", "pattern": shop}],
        },
        **more,
    }


def definitions(shop: str) -> list[Json]:
    """The checks that the service knows; a check's ID tells what becomes of it."""
    retry = {"retry": {"count": 1, "interval": 10}}

    def rule(name: str) -> Json:
        return {"ci": {"executionRule": name}}

    return [
        definition("pas-ses-one", "/ok", shop),
        definition("pas-ses-two", "/ok", shop),
        definition("fai-lsx-one", "/broken", shop),
        definition("fai-lsx-ret", "/broken", shop, options=retry),
        definition("fla-kyx-ret", "/flaky", shop, options=retry),
        definition("slo-wxx-one", "/slow", shop),
        definition("say-hel-loo", "/greeting", shop),
        definition("two-loc-ati", "/ok", shop, locations=[PLACE, "aws:us-east-2"]),
        definition("non-blo-bad", "/broken", shop, options=rule("non_blocking")),
        definition("ski-ppe-dxx", "/ok", shop, options=rule("skipped")),
        definition("bro-wse-rxx", "/ok", shop, type="browser", subtype=None),
    ]


SUITE: Json = {
    "data": {
        "type": "suites",
        "id": "sui-tex-one",
        "attributes": {
            "name": "both",
            "tests": [{"public_id": "pas-ses-one"}, {"public_id": "pas-ses-two"}],
        },
    }
}


@contextmanager
def running(folder: Path) -> Iterator[tuple[str, str]]:
    """The addresses of the shop and of the service, while both run."""
    shop = Shop()
    thread = threading.Thread(target=shop.server.serve_forever, args=(0.05,))
    thread.start()
    tests = [{"localTestDefinition": one} for one in definitions(shop.url)]
    (folder / "all.json").write_text(json.dumps({"tests": tests}), encoding="utf-8")
    (folder / "suite.json").write_text(json.dumps(SUITE), encoding="utf-8")
    command = [
        *(sys.executable, "-m", "pytest_storedog_gate.local_synthetics", "serve"),
        *("--definitions", str(folder / "*.json"), "--concurrency=64", "--until-stdin-closes"),
    ]
    try:
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as service:
            assert service.stdin is not None
            assert service.stdout is not None
            yield shop.url, service.stdout.readline().split()[-1]
            service.stdin.close()
    finally:
        shop.closing.set()
        shop.server.shutdown()
        thread.join()
        shop.server.server_close()
