"""How often a batch is asked for: quickly at first, and never more often than datadog-ci does.

datadog-ci asks for its settings once, and then every 5 s for the batch and for results. As many
calls are allowed here at any time as it would have made by then.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .clock import Clock

_INTERVALS = (0.3, 0.7, 1.5, 2.5)
_THEIRS = 5.0  # s
_A_CYCLE = 2  # calls: batch and results
_KEPT_BACK = 1  # calls: details may lag behind the end of the batch


class Pace:
    """Counts the calls of one batch, and tells when the next ones may be made."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._begun = clock.now()
        self._intervals = iter(_INTERVALS)
        self._spent = 0

    def spend(self, calls: int = 1) -> None:
        """Takes note of calls that were made."""
        self._spent += calls

    def until_next(self) -> float:
        """Seconds until the batch is to be asked for again."""
        elapsed = self._clock.now() - self._begun
        needed = self._spent + _A_CYCLE + _KEPT_BACK
        cycles = math.ceil((needed - _allowed(0)) / _A_CYCLE)
        # In the cycle before, datadog-ci would not have made its calls yet.
        earliest = _THEIRS * (cycles - 1) + 0.01 if cycles > 1 else 0.0
        return max(next(self._intervals, _THEIRS), earliest - elapsed)

    def left(self) -> int:
        """How many calls may still be made if the batch has ended by now."""
        elapsed = self._clock.now() - self._begun
        return _allowed(math.ceil(elapsed / _THEIRS)) - self._spent


def _allowed(cycles: int) -> int:
    """datadog-ci's calls until it sees the end of a batch in that cycle, the first being 0."""
    return 1 + _A_CYCLE * (cycles + 1)
