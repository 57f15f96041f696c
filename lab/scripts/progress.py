"""One line per step, and a sign of life from the long ones."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_SIGN_OF_LIFE = 10.0


def say(text: str) -> None:
    """One line, at once."""
    print(f"- {text}", flush=True)


@contextmanager
def step(what: str) -> Iterator[None]:
    """Says what begins, every ten seconds that it goes on, and how long it took."""
    say(what)
    started = time.monotonic()
    ended = threading.Event()

    def tick() -> None:
        while not ended.wait(_SIGN_OF_LIFE):
            print(f"    {what}: {time.monotonic() - started:.0f} s so far", flush=True)

    ticker = threading.Thread(target=tick, daemon=True)
    ticker.start()
    try:
        yield
    finally:
        ended.set()
        ticker.join()
    print(f"    {what}: done in {time.monotonic() - started:.0f} s", flush=True)
