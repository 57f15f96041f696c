"""A service with one HTTP page, which runs in the test images. BEHAVIOUR says how it goes wrong.

Who asks for /end or /sicken makes it end, or fail its health check, from then on.
"""

import os
import signal
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

BEHAVIOUR = os.environ["BEHAVIOUR"]
SICK = Path("/sick")


class Page(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path.startswith("/slow/"):
            time.sleep(float(self.path.removeprefix("/slow/")))
        if self.path == "/end":
            os._exit(5)
        if self.path == "/sicken":
            SICK.touch()
        sick = SICK.exists() and self.path == "/health"
        status = 503 if sick or BEHAVIOUR == "never-ready" else 200
        body = os.environ["RELEASE"].encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def tidy_up(*_: object) -> None:
    time.sleep(1)
    os._exit(7)


if BEHAVIOUR == "exits":
    sys.stderr.write(f"cannot start with password {os.environ.get('PASSWORD')}\n")
    sys.exit(3)
if BEHAVIOUR == "starts-once":
    mark = Path("/data/started")
    if mark.exists():
        sys.stderr.write("started before\n")
        sys.exit(4)
    mark.touch()
if BEHAVIOUR == "waits":
    time.sleep(1_000_000)
if BEHAVIOUR == "slow":
    time.sleep(2)
if BEHAVIOUR == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if BEHAVIOUR == "tidies-up":
    signal.signal(signal.SIGTERM, tidy_up)
ThreadingHTTPServer(("", 8080), Page).serve_forever()
