"""Clients of a published address: they ask at their own pace, whatever the answers do."""

from __future__ import annotations

import http.client
import threading
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_storedog_gate.deploy.environment import Address

_PATIENCE = 60.0  # s


@dataclass
class Clients:
    """Clients of one address, and their answers, by kind of request and text."""

    address: Address
    answers: Counter[tuple[str, str]] = field(default_factory=Counter)
    _over: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def texts(self) -> set[str]:
        return {text for _, text in self.answers}

    def end(self) -> None:
        self._over.set()

    def openly(self, kind: str, path: str, pause: float) -> None:
        """Asks with a new connection each time, whether or not those before have an answer."""
        under_way, due = list[threading.Thread](), time.monotonic()
        while not self._over.wait(max(0.0, due - time.monotonic())):
            under_way.append(threading.Thread(target=self._once, args=(kind, path)))
            under_way[-1].start()
            due += pause
        for each in under_way:
            each.join()

    def kept_alive(self, path: str, pause: float) -> None:
        """Asks one after the other with the same connection."""
        connection = self._connect()
        while not self._over.wait(pause):
            self._ask("kept", path, connection)
        connection.close()

    def _once(self, kind: str, path: str) -> None:
        connection = self._connect()
        self._ask(kind, path, connection)
        connection.close()

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self.address.host, self.address.port, timeout=_PATIENCE)

    def _ask(self, kind: str, path: str, connection: http.client.HTTPConnection) -> None:
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read().decode()
            text = body if answer.status == 200 else f"status {answer.status}"
        except (OSError, http.client.HTTPException) as error:
            text = repr(error)
            connection.close()
        with self._lock:
            self.answers[kind, text] += 1


@contextmanager
def asking(address: Address, *, path: str = "/", long: float | None = None) -> Iterator[Clients]:
    """Clients that ask with new and kept-alive connections.

    Where the service has such pages, also for 1 s, and for `long` seconds.
    """
    clients = Clients(address)
    # One of those that are kept is idle for a while each time.
    plans: list[tuple[Callable[..., None], tuple[object, ...]]] = [
        *((clients.kept_alive, (path, pause)) for pause in (0.02, 0.05, 1.5)),
        (clients.openly, ("new", path, 0.02)),
    ]
    if long is not None:
        plans += [
            (clients.openly, ("1 s", "/slow/1", 0.33)),
            (clients.openly, ("long", f"/slow/{long}", 1.0)),
        ]
    threads = [threading.Thread(target=plan, args=args) for plan, args in plans]
    for thread in threads:
        thread.start()
    try:
        yield clients
    finally:
        clients.end()
        for thread in threads:
            thread.join()
