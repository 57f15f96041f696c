"""A service with one HTTP page, which runs in the test images. BEHAVIOUR says how it goes wrong.

Hundreds of containers start it: it imports little (http.server takes Python three times as long).
"""

import os
import signal
import socket
import sys
import time

BEHAVIOUR = os.environ["BEHAVIOUR"]
STATUS = "503 Service Unavailable" if BEHAVIOUR == "never-ready" else "200 OK"
RELEASE = os.environ["RELEASE"]
PAGE = f"HTTP/1.1 {STATUS}\r\nContent-Length: {len(RELEASE)}\r\nConnection: close\r\n\r\n{RELEASE}"
_PATIENCE = 1.0  # s, with one who connects and asks for nothing


def answer(connection: socket.socket) -> None:
    connection.settimeout(_PATIENCE)
    asked = b""
    while b"\r\n\r\n" not in asked:
        asked += (more := connection.recv(4096))
        if not more:
            return
    connection.sendall(PAGE.encode())


def tidy_up(*_: object) -> None:
    time.sleep(1)
    os._exit(7)


if BEHAVIOUR == "exits":
    sys.stderr.write(f"cannot start with password {os.environ.get('PASSWORD')}\n")
    sys.exit(3)
if BEHAVIOUR == "starts-once":
    try:
        os.mkdir("/data/started")  # noqa: PTH102
    except FileExistsError:
        sys.stderr.write("started before\n")
        sys.exit(4)
if BEHAVIOUR == "slow":
    time.sleep(2)
if BEHAVIOUR == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if BEHAVIOUR == "tidies-up":
    signal.signal(signal.SIGTERM, tidy_up)
with socket.create_server(("", 8080)) as listener:
    while True:
        connection, _ = listener.accept()
        with connection:
            try:  # noqa: SIM105
                answer(connection)
            except OSError:  # who has asked is gone
                pass
