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
    from pytest_storedog_gate.datadog.calling.rate_limit import RateLimit

NEWS = 2.0  # s; for as long a service that can is asked to keep a look until there is news
# Of the time since the trigger, or since the expected end: half of that is the mean lateness.
_SHARE = 0.1
_SHORTEST, _LONGEST = 0.2, 2.0  # s
_UNEXPECTED = 0.55  # s; the shortest where nothing is expected: any moment is as likely
_AFTER = 0.1  # s after an expected end: it has then been told
_JITTER = 0.1
_DETAILS = 5.0  # s between two calls for details that nothing waits for, as in datadog-ci
_KEPT_LOOKS = 0.05  # s between two looks that the service keeps


@dataclass(frozen=True)
class Habit:
    """How long one attempt of a check usually lasts, and the next one waits, in seconds.

    `lasting` is None where nothing tells.
    """

    lasting: float | None = None
    between: float = 0.0


class Pace:
    """Tells when the batch that has just been triggered is looked at, and asked for details."""

    def __init__(self, clock: Clock, limit: RateLimit) -> None:
        self._clock, self._limit = clock, limit
        self._begun = clock.now()
        self._looked = 0.0
        self._asked_for_details = -_DETAILS

    @property
    def elapsed(self) -> float:
        """Seconds since the trigger."""
        return self._clock.now() - self._begun

    def until_next(self, expected: float | None, *, kept: bool) -> float:
        """Seconds until the next look.

        `expected` is when the batch should have ended, in seconds after its trigger; None where
        that is not known. `kept`: the service itself waits for news before it answers.
        """
        now = self.elapsed
        if kept:
            return max(self._looked + _KEPT_LOOKS - now, 0.0)
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

    def time_for_details(self) -> bool:
        """Whether details may be asked for that nothing waits for yet; True counts as asking."""
        due = self.elapsed - self._asked_for_details >= _DETAILS
        if due:
            self._asked_for_details = self.elapsed
        return due
