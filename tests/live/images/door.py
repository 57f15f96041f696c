"""Runs in a network of the Swarm, and tells what each task of a service answers there.

Who asks for /NAME gets the answers by tasks.NAME as a list, and "-" for a task that gives none.
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


class Door(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        try:
            found = socket.getaddrinfo(f"tasks.{self.path[1:]}", PORT, type=socket.SOCK_STREAM)
        except OSError:
            found = []
        answers = json.dumps(sorted(ask(str(each[4][0])) for each in found)).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answers)))
        self.end_headers()
        self.wfile.write(answers)

    def log_message(self, *_: object) -> None:
        pass


ThreadingHTTPServer(("", PORT), Door).serve_forever()
