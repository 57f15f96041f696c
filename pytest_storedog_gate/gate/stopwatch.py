"""Where the time of a run goes."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Stopwatch:
    """Each moment belongs to one part of the run, the innermost that is told of it.

    So the parts' seconds are those of the whole run. It is told by one thread at a time.
    """

    def __init__(self, part: str) -> None:
        """Runs from now on, with this part."""
        self._ended: dict[str, float] = {}
        self._part, self._since = part, time.monotonic()

    @contextmanager
    def __call__(self, part: str) -> Iterator[None]:
        """The time of the block is this part's; then it is again of the part that was before."""
        before = self._part
        self.enter(part)
        try:
            yield
        finally:
            self.enter(before)

    def enter(self, part: str) -> None:
        """The time from now on is this part's."""
        self._ended = self.seconds
        self._part, self._since = part, time.monotonic()

    @property
    def seconds(self) -> dict[str, float]:
        """Those of each part until now, in the order in which the parts have come."""
        now = self._ended.get(self._part, 0.0) + time.monotonic() - self._since
        return {**self._ended, self._part: now}
