"""A service with one HTTP page, which runs in the test images. BEHAVIOUR says how it goes wrong.

Who asks for /end or /sicken makes it end, or fail its health check, from then on.
It starts hundreds of times: what it imports is little, which takes a quarter of the CPU that
http.server takes.
"""

import os
import signal
import sys
import threading
import time
from socketserver import StreamRequestHandler, ThreadingTCPServer

BEHAVIOUR = os.environ["BEHAVIOUR"]
SICK = "/sick"
LEAVING = threading.Event()


class Page(StreamRequestHandler):
    """HTTP/1.1: one connection may ask again and again."""

    def handle(self) -> None:
        while request := self.rfile.readline().split():
            last = request[-1] == b"HTTP/1.0"
            while header := self.rfile.readline().strip().lower():
                last |= header == b"connection: close"
            self.wfile.write(answer(request[1].decode()))
            if last or LEAVING.is_set():
                break


class Server(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_: object) -> None:
        """Says nothing of a client that left before it had its answer."""


def answer(path: str) -> bytes:
    if path.startswith("/slow/"):
        time.sleep(float(path.removeprefix("/slow/")))
    if path == "/end":
        os._exit(5)
    if path == "/sicken":
        os.close(os.open(SICK, os.O_CREAT))
    sick = os.path.exists(SICK) and path == "/health"  # noqa: PTH110
    status = "503 Unavailable" if sick or BEHAVIOUR == "never-ready" else "200 OK"
    body = os.environ["RELEASE"].encode()
    more = "Connection: close\r\n" if LEAVING.is_set() else ""
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{more}\r\n".encode() + body


def hand_on(*_: object) -> None:
    """Who keeps a connection is told with the next answer to make another one."""
    LEAVING.set()
    threading.Timer(2, os._exit, (0,)).start()


def tidy_up(*_: object) -> None:
    time.sleep(1)
    os._exit(7)


if BEHAVIOUR == "exits":
    sys.stderr.write(f"cannot start with password {os.environ.get('PASSWORD')}\n")
    sys.exit(3)
if BEHAVIOUR == "starts-once":
    try:
        os.close(os.open("/data/started", os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        sys.stderr.write("started before\n")
        sys.exit(4)
if BEHAVIOUR == "waits":
    time.sleep(1_000_000)
if BEHAVIOUR == "slow":
    time.sleep(2)
if BEHAVIOUR == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if BEHAVIOUR == "hands-on":
    signal.signal(signal.SIGTERM, hand_on)
if BEHAVIOUR == "tidies-up":
    signal.signal(signal.SIGTERM, tidy_up)
Server(("", 8080), Page).serve_forever()
