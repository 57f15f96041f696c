"""Runs in a network of the Swarm, and tells what each task of a service answers there.

Who asks for /NAME gets the answers by tasks.NAME as a list, and "-" for a task that gives none.
/NAME/TIMES asks as so many clients one after another would: each looks the name up, and asks one.
"""

import http.client
import json
import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PORT = 8080


def ask(ip: str) -> str:
    line = http.client.HTTPConnection(ip, PORT, timeout=3)
    try:
        line.request("GET", "/")
        return line.getresponse().read().decode()
    except OSError:
        return "-"
    finally:
        line.close()


def addresses(name: str) -> list[str]:
    try:
        found = socket.getaddrinfo(f"tasks.{name}", PORT, type=socket.SOCK_STREAM)
    except OSError:
        return []
    return [str(each[4][0]) for each in found]


class Door(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        _, name, *times = self.path.split("/")
        if times:
            said = [ask(ip[0]) if (ip := addresses(name)) else "-" for _ in range(int(times[0]))]
        else:
            said = sorted(map(ask, addresses(name)))
        answers = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answers)))
        self.end_headers()
        self.wfile.write(answers)

    def log_message(self, *_: object) -> None:
        pass


ThreadingHTTPServer(("", PORT), Door).serve_forever()
