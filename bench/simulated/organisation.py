"""One Datadog organisation: what it lets through, and when it runs the tests of a batch."""

from __future__ import annotations

import heapq
import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_storedog_gate.datadog.calling.bounded_exchange import Answer

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True)
class Limits:
    """So many `calls` of each kind in each `period` (s), and tests that run in `parallel`.

    An organisation has 1 until somebody sets another number:
    https://docs.datadoghq.com/continuous_testing/settings/. Limits on calls are an organisation's,
    by kinds of calls, in periods by the calendar; Datadog tells them with each answer and publishes
    no number for Synthetics: https://docs.datadoghq.com/api/latest/rate-limits/. So `calls` is an
    assumption, and is varied.
    """

    calls: int = 300
    period: float = 60.0
    parallel: int = 100


class Organisation:
    """Answers calls as its limits are, and runs tests in the order in which they were triggered.

    `calls` and `refused` count those of each kind.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._free = [0.0] * limits.parallel
        self._within: Counter[tuple[str, int]] = Counter()
        self.calls: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self._by_second: Counter[int] = Counter()

    def answer(self, kind: str, now: float) -> Answer:
        """To one call: 200 or 429, with the headers that tell of the limit."""
        limits = self._limits
        period = int(now // limits.period)
        self.calls[kind] += 1
        self._by_second[int(now)] += 1
        self._within[kind, period] += 1
        left = limits.calls - self._within[kind, period]
        headers = {
            "X-RateLimit-Limit": str(limits.calls),
            "X-RateLimit-Period": f"{limits.period:g}",
            "X-RateLimit-Remaining": str(max(left, 0)),
            "X-RateLimit-Reset": f"{(period + 1) * limits.period - now:.3f}",
        }
        if left < 0:
            self.refused[kind] += 1
            return Answer(429, "Too Many Requests", headers, b"")
        return Answer(200, "OK", headers, b"")

    @property
    def most_at_once(self) -> int:
        """The calls of the second in which most came."""
        return max(self._by_second.values(), default=0)

    def run(
        self, durations: Iterable[float], now: float, within: float
    ) -> list[tuple[float, float]]:
        """When each of these tests, triggered now, begins and ends.

        One that could not begin within the time of its batch is not run, and never ends.
        """
        times = []
        for duration in durations:
            begins = max(now, self._free[0])
            if begins > now + within:
                times.append((now + within, math.inf))
            else:
                heapq.heapreplace(self._free, begins + duration)
                times.append((begins, begins + duration))
        return times
