"""How often a batch is asked for: quickly at first, and with no more calls than datadog-ci makes.

datadog-ci asks for its settings once, and then every 5 s for the batch and for results, until the
batch has ended. When that will be is not known beforehand: what the end takes is kept back.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_storedog_gate.datadog.calling.clock import Clock

_INTERVALS = (0.3, 0.7, 1.5, 2.5)
_THEIRS = 5.0  # s
_A_CYCLE = 2  # calls: batch and results
# Calls that the end takes: the batch, its details, and once more those that lag behind.
_FOR_THE_END = 3


class Pace:
    """Counts the calls of one batch, and tells when the next ones may be made."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._begun = clock.now()
        self._intervals = iter(_INTERVALS)
        self._spent = 0
        self._kept_back = 0
        # As many calls as datadog-ci makes at the least, by what is known of the batch.
        self._theirs = _calls_until(0)

    def until_next(self) -> float:
        """Seconds until the batch is to be asked for again."""
        # Asking is one call, after which there must still be those for the end.
        cycle = math.ceil((self._spent + 1 + _FOR_THE_END - _calls_until(1)) / _A_CYCLE)
        # A clock may wake a little early, in the cycle before.
        earliest = _THEIRS * cycle + 0.01 if cycle > 0 else 0.0
        return max(next(self._intervals, _THEIRS), earliest - self._elapsed())

    def saw(self, *, running: bool) -> None:
        """Takes note that the batch was asked for, and whether it was still running."""
        self._spent += 1
        self._kept_back = _FOR_THE_END if running else 0
        if running:
            self._theirs = _calls_until(math.floor(self._elapsed() / _THEIRS) + 1)

    def asked_for_details(self) -> None:
        """Takes note of a call for details."""
        self._spent += 1

    def left(self) -> int:
        """How many calls for details may be made before the batch is asked for again."""
        return self._theirs - self._kept_back - self._spent

    def _elapsed(self) -> float:
        return self._clock.now() - self._begun


def _calls_until(cycle: int) -> int:
    """datadog-ci's calls until it sees the end of a batch in that cycle, the first being 0."""
    return 1 + _A_CYCLE * (cycle + 1)
