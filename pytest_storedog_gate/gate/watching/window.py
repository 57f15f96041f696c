"""The time in which something is watched, and who looks at it then."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from pytest_storedog_gate.errors import GateError

Look = Mapping[str, GateError | None]
"""What is wrong by the names of what is watched; see `pytest_storedog_gate.deploy.Watches`."""

_PATIENCE = 90.0  # s; longer than any call of ours to an engine takes


@dataclass(frozen=True)
class Window:
    """So many `seconds` from the promotion on, unless the run ends before."""

    seconds: float
    cancelled: threading.Event = field(default_factory=threading.Event)
    begun: float = field(default_factory=time.monotonic)

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self.begun

    @property
    def over(self) -> bool:
        return self.elapsed >= self.seconds

    def rest(self, seconds: float) -> None:
        """Waits for so long; only until the window is over where that comes before."""
        left = self.seconds - self.elapsed
        self.cancelled.wait(min(seconds, left) if left > 0 else seconds)


@dataclass(frozen=True)
class Watcher:
    """Who looks at some things, by their `names`; each name has a title that says what is watched.

    There is a `pause`, in seconds, after each look, which nobody makes who waits by himself. What
    no look has seen when the window has been over for `patience` seconds has no verdict.
    """

    names: Mapping[str, str]
    looks: Callable[[Window], Iterator[Look]]
    pause: float = 0.0
    patience: float = _PATIENCE
