"""Where the time of one attempt goes, by stages as Datadog reports them."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_storedog_gate.local_synthetics.definitions.definition import Json


@dataclass(slots=True, kw_only=True)
class Stopwatch:
    """Runs from its making, or from `restart`. Timings in ms."""

    timings: dict[str, float] = field(default_factory=dict)
    _started: float = field(default_factory=time.perf_counter)
    _last: float = field(default_factory=time.perf_counter)

    def restart(self) -> None:
        """Forget what was timed: what comes next is the request proper."""
        self.timings.clear()
        self._started = self._last = time.perf_counter()

    def lap(self, stage: str) -> None:
        """Count the time since the last lap as `stage`."""
        now = time.perf_counter()
        self.timings[stage] = self.timings.get(stage, 0.0) + (now - self._last) * 1000
        self._last = now

    def finish(self) -> None:
        """The request is over, whatever comes after it."""
        self.timings.setdefault("total", (time.perf_counter() - self._started) * 1000)


@dataclass(slots=True)
class Sighting(Stopwatch):
    """What an attempt found so far: the result's own keys, and the timings."""

    detail: Json = field(default_factory=dict)

    def response_time(self, assertion: Json) -> float:
        """What a `responseTime` assertion looks at."""
        without_dns = assertion.get("timingsScope") == "withoutDNS"
        dns = self.timings.get("dns", 0) if without_dns else 0
        return round(self.timings["total"] - dns, 3)
