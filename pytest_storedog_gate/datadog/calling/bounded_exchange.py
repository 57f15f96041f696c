"""One exchange over HTTP, which always ends: within a time, and below a size."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import requests
from requests.exceptions import ChunkedEncodingError, ContentDecodingError

from pytest_storedog_gate.datadog.calling import json_answer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LARGEST = 256 * 2**20  # bytes of a body; a thousand whole definitions are a tenth of it
_CHUNK = 2**16
_GLANCE = 0.1  # s, after which the end of the run is seen
_SHOWN = 60  # characters of a body that cannot be read
_LOOKED_AT = 2**14  # bytes, of which these are shown


class Unreadable(requests.RequestException):
    """An answer has arrived, and is not what was asked for; the text says what it is."""


class TooLarge(requests.RequestException):
    """An answer would fill the memory; asking again would be no different."""


@dataclass(frozen=True)
class Answer:
    """A whole answer, with its names as in `requests`."""

    status_code: int
    reason: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def good(self) -> bool:
        """Whether it is a success. A redirect is none: it would take the keys to another host."""
        return self.status_code < 300

    @property
    def date(self) -> float:
        """The server's time, as a Unix time; ours where it does not say."""
        try:
            return parsedate_to_datetime(self.headers["Date"]).timestamp()
        except (KeyError, ValueError, OverflowError):
            return time.time()

    def json(self) -> dict[str, Any]:
        """The object that it holds, empty without content. TypeError or ValueError for none."""
        text = "{}" if self.status_code == 204 else self.body.decode("utf-8-sig")
        data = json_answer.loads(text)
        if not isinstance(data, dict):
            raise TypeError
        return data

    def described(self, mask: Callable[[str], str]) -> str:
        """What it looks like."""
        kind = mask(self.headers.get("Content-Type", "no Content-Type"))
        # Masked before it is cut: a part of a secret is not found any more.
        beginning = mask(self.body[:_LOOKED_AT].decode("utf-8", "replace"))[:_SHOWN]
        return f"{kind}, {len(self.body)} bytes that begin with {beginning!r}"


def exchange(
    session: requests.Session,
    method: str,
    url: str,
    *,
    within: float,
    cancelled: Callable[[], bool] = lambda: False,
    **more: Any,
) -> Answer:
    """The answer. requests.Timeout where it is not whole `within` so many seconds, or `cancelled`.

    A server that sends a byte now and then keeps each read of a socket within its timeout, in its
    headers as in its body. So the whole is waited for, in a thread that may be left behind.
    """
    arrived: Future[Answer] = Future()

    def run() -> None:
        try:
            arrived.set_result(_exchange(session, method, url, more))
        except BaseException as error:  # noqa: BLE001  # raised in the thread that waits
            arrived.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    until = time.monotonic() + within
    while not wait([arrived], max(min(until - time.monotonic(), _GLANCE), 0.0)).done:
        if cancelled():
            raise requests.Timeout("the run ended before the answer was whole")
        if time.monotonic() >= until:
            raise requests.Timeout(f"the answer was not whole within {within:.0f} s")
    return arrived.result()


def _exchange(session: requests.Session, method: str, url: str, more: Mapping[str, Any]) -> Answer:
    with session.request(method, url, stream=True, allow_redirects=False, **more) as response:
        try:
            body = _body(response)
        except requests.RequestException as fault:
            if response.status_code < 300:
                raise _named(fault) from None
            body = b""  # an error's status says enough
        return Answer(response.status_code, response.reason or "", response.headers, body)


def _body(response: requests.Response) -> bytes:
    body = bytearray()
    for chunk in response.iter_content(_CHUNK):
        body += chunk
        if len(body) > LARGEST:
            raise TooLarge(f"more than {LARGEST >> 20} MB")
    return bytes(body)


def _named(fault: requests.RequestException) -> requests.RequestException:
    if isinstance(fault, ChunkedEncodingError):
        return Unreadable("a body that breaks off")
    if isinstance(fault, ContentDecodingError):
        return Unreadable("a body that cannot be unpacked")
    return fault
