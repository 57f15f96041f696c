"""When a running batch is looked at again: late by a small share of the time that was waited.

A look costs the service a call. What ends soon is seen soon, and what runs for hours costs a
constant number of calls an hour. Where it is known how long the checks last, the looks gather
where they should end.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_storedog_gate.datadog.calling.clock import Clock
    from pytest_storedog_gate.datadog.calling.retries import RateLimit

NEWS = 2.0  # s; as long may a service that tells the news keep a look
# Of the time since the trigger, or since the expected end: half of that is the mean lateness.
_SHARE = 0.1
_SHORTEST, _LONGEST = 0.2, 2.0  # s
_UNEXPECTED = 0.55  # s; the shortest where nothing is expected: any moment is as likely
_AFTER = 0.1  # s after an expected end: it has then been told
_JITTER = 0.1
_DETAILS = 3.0  # s between two calls for details that nothing waits for
_TOLD_LOOKS = 0.05  # s between two looks where the service tells the news


@dataclass(frozen=True)
class Habit:
    """How long one attempt of a check usually lasts, and the next one waits, in seconds.

    `lasting` is None where nothing tells.
    """

    lasting: float | None = None
    between: float = 0.0


class Pace:
    """Tells when the batch that has just been triggered is looked at, and asked for details.

    `near`: the service runs on this machine, and may have done it already.
    """

    def __init__(self, clock: Clock, limit: RateLimit, *, near: bool) -> None:
        self._clock, self._limit = clock, limit
        self._begun = clock.now()
        self._looked: float | None = 0.0 if near else None
        self._asked_for_details = -_DETAILS

    @property
    def elapsed(self) -> float:
        """Seconds since the trigger."""
        return self._clock.now() - self._begun

    def until_next(self, expected: float | None, *, told: bool) -> float:
        """Seconds until the next look.

        `expected` is when the batch should have ended, in seconds after its trigger; None where
        that is not known. `told`: the service has waited for news before it answered.
        """
        now = self.elapsed
        if self._looked is not None and (told or self._looked == 0):
            return max(self._looked + self._limit.stretched(_TOLD_LOOKS) - now, 0.0)
        if expected is not None and now < expected:
            usual = expected - now + _AFTER
        else:
            usual = _SHARE * (now - (expected or 0.0))
        shortest = _UNEXPECTED if expected is None else _SHORTEST
        jitter = 1 + random.uniform(0, _JITTER)  # noqa: S311  # no secret
        return self._limit.stretched(min(max(usual, shortest), _LONGEST) * jitter)

    def looks(self) -> None:
        """Takes note that the batch is being looked at."""
        self._looked = self.elapsed

    def was_kept(self) -> bool:
        """Whether the service has kept the latest look, as it would for want of news."""
        return self.elapsed - (self._looked or 0.0) >= NEWS / 2

    def time_for_details(self) -> bool:
        """Whether details are due that nothing waits for yet; True counts as asking."""
        due = self.elapsed - self._asked_for_details >= _DETAILS
        if due:
            self._asked_for_details = self.elapsed
        return due
