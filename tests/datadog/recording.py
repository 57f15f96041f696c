"""Records the cassettes again: `python -m tests.datadog.recording`, from the repository's root.

They are recorded from the real local service, which checks a small shop of this process. The keys
are made up, and are not written down.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

_PORT = 18126
URL = f"http://127.0.0.1:{_PORT}"
KEYS = ("a" * 32, "b" * 40)


class _Shop(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        """Says nothing."""


def _check(public_id: str, name: str, shop: str, status: int, **more: Any) -> dict[str, Any]:
    return {
        "public_id": public_id,
        "type": "api",
        "subtype": "http",
        "name": name,
        "locations": ["aws:eu-central-1"],
        "options": {"retry": {"count": 1, "interval": 0}},
        "config": {
            "request": {"method": "GET", "url": f"{shop}/discount", "timeout": 5},
            "assertions": [{"type": "statusCode", "operator": "is", "target": status}],
        },
        **more,
    }


def main() -> int:
    """Returns the exit status of the tests that record."""
    shop = ThreadingHTTPServer(("127.0.0.1", 0), _Shop)
    threading.Thread(target=shop.serve_forever, daemon=True).start()
    at = f"http://127.0.0.1:{shop.server_address[1]}"
    tests = [
        _check("pas-ses-abc", "passes", at, 200, tags=["team:shop"]),
        _check("fai-lsa-bcd", "fails", at, 201),
    ]
    attributes = {
        "name": "The shop",
        "type": "suite",
        "tests": [{"public_id": test["public_id"]} for test in tests],
    }
    suite = {"data": {"type": "suites", "id": "sui-tea-bcd", "attributes": attributes}}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "shop.synthetics.json")
        local = [{"localTestDefinition": test} for test in tests]
        file.write_text(json.dumps({"tests": local}), "utf-8")
        Path(folder, "suite.json").write_text(json.dumps(suite), "utf-8")
        command = [sys.executable, "-m", "pytest_storedog_gate.local_synthetics", "serve"]
        command += ["--port", str(_PORT), "--until-stdin-closes", "--definitions", f"{folder}/*"]
        # The service refuses other keys than these.
        keys = os.environ | {"DD_API_KEY": KEYS[0], "DD_APP_KEY": KEYS[1]}
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=keys
        ) as service:
            assert service.stdout is not None
            service.stdout.readline()  # it says where it listens
            return subprocess.run(
                [sys.executable, "-m", "pytest", "tests/datadog/test_recorded.py"],
                env=os.environ | {"VCR_RECORD_MODE": "all"},
                check=False,
            ).returncode


if __name__ == "__main__":
    sys.exit(main())
