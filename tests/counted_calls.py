"""A limit for work, counted in calls: unlike time, a busy machine does not change it."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

HALF_A_SECOND = 2_000_000  # calls, on a slow machine; a fast one makes 6 million in half a second


@contextmanager
def at_most(limit: int) -> Iterator[None]:
    """Ends what runs within, with an AssertionError, where it makes more calls than that."""
    calls = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}
        if calls > limit:
            sys.setprofile(None)
            raise AssertionError(f"more than {limit:,} calls")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        yield
    finally:
        sys.setprofile(before)
