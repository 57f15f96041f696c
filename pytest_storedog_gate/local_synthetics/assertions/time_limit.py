"""A limit of time for rules that Python follows, of which a few words may ask for years of work."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class OutOfTime(Exception):
    """It took over the limit; the text says so, for a sentence that begins with what did."""


class _Limit(threading.local):
    seconds = end = float("inf")


_limit = _Limit()


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Within it, `check_time` raises OutOfTime after so many seconds of this thread's CPU time."""
    _limit.seconds, _limit.end = seconds, time.thread_time() + seconds
    try:
        yield
    finally:
        _limit.seconds = _limit.end = float("inf")


def check_time() -> None:
    """Called at each step of the work."""
    if time.thread_time() > _limit.end:
        raise OutOfTime(f"took over {_limit.seconds:g} s")
