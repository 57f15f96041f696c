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
    from collections.abc import Iterator

    from pytest_storedog_gate.deploy.environment import Address

_PATIENCE = 60.0  # s


@dataclass
class Load:
    """What the clients were told, by the kind of request and the text of the answer."""

    answers: Counter[tuple[str, str]] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def texts(self) -> set[str]:
        return {text for _, text in self.answers}

    def ask(self, kind: str, path: str, connection: http.client.HTTPConnection) -> None:
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read().decode()
            text = body if answer.status == 200 else f"status {answer.status}"
        except (OSError, http.client.HTTPException) as error:
            text = repr(error)
            connection.close()
        with self.lock:
            self.answers[kind, text] += 1


@contextmanager
def load(address: Address, *, long: float) -> Iterator[Load]:
    """Asks with new and kept-alive connections, quick, for 1 s, and for `long` seconds."""
    found, over, threads = Load(), threading.Event(), list[threading.Thread]()

    def connect() -> http.client.HTTPConnection:
        return http.client.HTTPConnection(address.host, address.port, timeout=_PATIENCE)

    def once(kind: str, path: str) -> None:
        connection = connect()
        found.ask(kind, path, connection)
        connection.close()

    def openly(kind: str, path: str, pause: float) -> None:
        asking = []
        due = time.monotonic()
        while not over.wait(max(0.0, due - time.monotonic())):
            asking.append(threading.Thread(target=once, args=(kind, path)))
            asking[-1].start()
            due += pause
        for each in asking:
            each.join()

    def kept(kind: str, pause: float) -> None:
        connection = connect()
        while not over.wait(pause):
            found.ask(kind, "/", connection)
        connection.close()

    plans = (
        *[(openly, "new", "/", 0.02), (openly, "1 s", "/slow/1", 0.33)],
        (openly, "long", f"/slow/{long}", 1.0),
    )
    threads += [threading.Thread(target=plan, args=rest) for plan, *rest in plans]
    # One of them is idle for long enough to be forgotten.
    threads += [threading.Thread(target=kept, args=("kept", pause)) for pause in (0.02, 0.05, 1.5)]
    for thread in threads:
        thread.start()
    try:
        yield found
    finally:
        over.set()
        for thread in threads:
            thread.join()
