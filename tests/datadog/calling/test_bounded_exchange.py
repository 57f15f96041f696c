"""One exchange with a server that does what it likes: it ends."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
import requests

from pytest_storedog_gate.datadog.calling.bounded_exchange import Answer, exchange
from pytest_storedog_gate.datadog.calling.endpoint import Endpoint
from pytest_storedog_gate.datadog.client import SyntheticsClient
from pytest_storedog_gate.errors import NoVerdict
from tests.datadog import fake

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.datadog.fake import FakeDatadog

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
WITHIN = 0.3  # s
# Where a server begins to send no more than a byte now and then.
BEGINNINGS = {
    "nothing": b"",
    "status": b"HTTP/1.1 ",
    "headers": HEAD + b"X-New: ",
    "body": HEAD + b"Content-Length: 999999\r\n\r\n{",
    "chunks": HEAD + b"Transfer-Encoding: chunked\r\n\r\nfffff\r\n{",
}


class Dripping:
    """A server that answers with a beginning, and then with a byte every few milliseconds."""

    def __init__(self, beginning: bytes) -> None:
        self.closing = threading.Event()
        self._server = socket.create_server(("127.0.0.1", 0))
        self._beginning = beginning
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        connection, _ = self._server.accept()
        with connection:
            connection.recv(2**16)
            connection.sendall(self._beginning)
            while not self.closing.wait(0.01):
                connection.sendall(b"x")

    def close(self) -> None:
        self.closing.set()
        self._thread.join()
        self._server.close()


@contextmanager
def dripping(beginning: bytes) -> Iterator[str]:
    server = Dripping(beginning)
    yield server.url
    server.close()


@pytest.mark.parametrize("beginning", BEGINNINGS.values(), ids=BEGINNINGS)
def test_answer_that_drips_is_waited_for_as_long_as_a_whole_one(beginning: bytes) -> None:
    with dripping(beginning) as url, requests.Session() as session:
        begun = time.monotonic()
        with pytest.raises(requests.Timeout, match="not whole within"):
            exchange(session, "GET", url, within=WITHIN, timeout=(5, 5))
        assert WITHIN <= time.monotonic() - begun < 10 * WITHIN


def test_run_ends_at_its_deadline_though_an_answer_drips() -> None:
    with dripping(BEGINNINGS["body"]) as url:
        client = SyntheticsClient(Endpoint.of_url(url), None)
        client.deadline = client.clock.now() + WITHIN
        with pytest.raises(NoVerdict, match=r"cannot be reached .*not whole within"):
            client.batch("b")
        assert 0 <= client.clock.now() - client.deadline < 10 * WITHIN
        client.close()


def test_answer_is_whole(datadog: FakeDatadog) -> None:
    datadog.script["/a"] = [fake.Answer({"a": "ä" * 10**6})]
    with requests.Session() as session:
        answer = exchange(session, "GET", f"{datadog.url}/a", within=30, timeout=(5, 5))
    assert (answer.status_code, answer.reason, answer.good) == (200, "OK", True)
    assert answer.json() == {"a": "ä" * 10**6}


def test_status_of_an_error_counts_though_its_body_breaks_off(datadog: FakeDatadog) -> None:
    datadog.script["/a"] = [fake.Answer("{", 503, {"Content-Length": "9"})]
    with requests.Session() as session:
        answer = exchange(session, "GET", f"{datadog.url}/a", within=30, timeout=(5, 5))
    assert (answer.status_code, answer.body, answer.good) == (503, b"", False)


@pytest.mark.parametrize(
    ("date", "seconds"),
    [
        ("Thu, 01 Jan 1970 00:00:07 GMT", 7),
        ("yesterday", None),
        ("Mon, 99 Jan 2000 00:00:00 GMT", None),
        (None, None),
    ],
)
def test_time_is_the_servers_where_it_tells(date: str | None, seconds: float | None) -> None:
    before = time.time()
    found = Answer(200, "", {"Date": date} if date else {}, b"").date
    assert (found == seconds) if seconds else (before <= found <= time.time())
