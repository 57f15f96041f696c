"""Time that passes only from one event to the next one."""

from __future__ import annotations

import heapq
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Simulation:
    """Processes that yield for how many seconds they wait; `now` is in seconds from 0 on.

    What is due at the same time goes on in the order in which it began to wait.
    """

    def __init__(self) -> None:
        self.now = 0.0
        self._due: list[tuple[float, int, Iterator[float]]] = []
        self._numbers = count()

    def start(self, process: Iterator[float], at: float = 0.0) -> None:
        """Begins a process at that time, or now where it is past."""
        heapq.heappush(self._due, (max(at, self.now), next(self._numbers), process))

    def run(self) -> None:
        """Until no process waits any more."""
        while self._due:
            self.now, _, process = heapq.heappop(self._due)
            pause = next(process, None)
            if pause is not None:
                self.start(process, self.now + pause)
