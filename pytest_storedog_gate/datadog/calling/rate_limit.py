"""What a service has told of its limit on calls, which holds for the rest of a run."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pytest_storedog_gate.datadog.calling.retries import reset

if TYPE_CHECKING:
    from collections.abc import Mapping

_STRETCH, _MOST = 1.5, 4.0
_LONGEST = 30.0  # s between two calls, whatever a mistaken header says


class RateLimit:
    """Stretches the time between calls that are repeated, and never shortens it again."""

    def __init__(self) -> None:
        self._stretch = 1.0
        self._apart = 0.0

    def refused(self) -> None:
        """Takes note of an answer 429."""
        self._stretch = min(self._stretch * _STRETCH, _MOST)

    def told(self, headers: Mapping[str, str]) -> None:
        """Takes note of how many calls are left, of the kind that is repeated, and how long."""
        try:
            left = float(headers["X-RateLimit-Remaining"])
            seconds = reset(headers["X-RateLimit-Reset"])
        except (KeyError, ValueError, OverflowError):
            return
        apart = seconds / max(left, 1.0)
        if math.isfinite(apart):
            self._apart = min(max(apart, 0.0), _LONGEST)

    def stretched(self, seconds: float) -> float:
        """How long to wait where one would wait for `seconds`."""
        return max(seconds * self._stretch, self._apart)
