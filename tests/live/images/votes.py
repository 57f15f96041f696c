"""Votes, in the test images: web puts one into a cache, a worker takes it to a database."""

import os
import socket
import sys
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import psycopg2  # type: ignore[import-untyped]  # Debian's, in the image

PATIENCE = 20  # seconds


def cache(*words: str, answers: int = 1) -> list[str]:
    """What redis answers, line by line."""
    with socket.create_connection((os.environ["CACHE"], 6379)) as connection:
        connection.sendall(f"{' '.join(words)}\r\n".encode())
        lines = connection.makefile("r", encoding="utf-8")
        return [lines.readline().strip() for _ in range(answers)]


def table() -> Any:
    connection = psycopg2.connect(os.environ["DB"])
    connection.autocommit = True
    connection.cursor().execute("CREATE TABLE IF NOT EXISTS votes (id text)")
    return connection


class Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/":
            self.answer(200, os.environ["RELEASE"])
        elif os.environ["BEHAVIOUR"] == "loses-votes":
            self.answer(500, "lost")
        else:
            self.answer(200, f"{os.environ['GREETING']}, {self.count()} votes")

    def count(self) -> int:
        """How many there are, once a new one is among them."""
        vote, deadline = uuid.uuid4().hex, time.monotonic() + PATIENCE
        cache("RPUSH", "votes", vote)
        cursor = table().cursor()
        while time.monotonic() < deadline:
            cursor.execute("SELECT count(*), bool_or(id = %s) FROM votes", (vote,))
            count, is_there = cursor.fetchone()
            if is_there:
                return int(count)
            time.sleep(0.1)
        raise TimeoutError(vote)

    def answer(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        pass


def work() -> None:
    """Each vote that waits goes to the database."""
    cursor = table().cursor()
    while True:
        *_, vote = cache("BLPOP", "votes", "0", answers=5)
        cursor.execute("INSERT INTO votes VALUES (%s)", (vote,))


if sys.argv[1] == "worker":
    work()
ThreadingHTTPServer(("", 8080), Page).serve_forever()
