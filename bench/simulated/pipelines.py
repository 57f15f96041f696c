"""Pipelines that each run the gate: its own pace, limit and repeats, with nothing sent."""

from __future__ import annotations

import math
import random
import statistics
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from unittest import mock

from bench.simulated.events import Simulation
from bench.simulated.organisation import Limits, Organisation
from pytest_storedog_gate.datadog.calling import retries
from pytest_storedog_gate.datadog.calling.clock import Clock
from pytest_storedog_gate.datadog.calling.endpoint import Endpoint
from pytest_storedog_gate.datadog.client import SyntheticsClient
from pytest_storedog_gate.datadog.models import Check
from pytest_storedog_gate.datadog.pace import Pace
from pytest_storedog_gate.gate.selection import Known

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from bench.rounds import Figures
    from pytest_storedog_gate.datadog.calling.bounded_exchange import Answer

_HOUR = 3600.0  # s
_LATENCY = 0.2  # s of a call
_AT_ONCE = 8  # definitions that are asked for at once
_SHORTEST, _LONGEST = 2.0, 8.0  # s of a test
_TIMEOUT = 1800.0  # s, the gate's own `batch_timeout`


@dataclass(frozen=True)
class Load:
    """So many `pipelines` in an hour, with so many `checks` each, of an organisation's `tests`.

    `together`: they begin within a second, as those of a timer do; else spread over the hour.
    """

    pipelines: int
    checks: int
    together: bool = False
    tests: int = 10_000


@dataclass(frozen=True)
class Way:
    """How pipelines ask: in one `batch` or for each check alone; with `jitter` or without any.

    With `files` the definitions are in the repository, and are not asked for.
    """

    batch: bool = True
    jitter: bool = True
    files: bool = False


@dataclass
class Ended:
    """What became of one pipeline: seconds until all its results were known, None for none.

    `queued` is for how long its tests have waited for others to end; `calls` is how often it has
    asked, and `left` are the batches that it still follows.
    """

    seconds: float | None = None
    queued: float = 0.0
    calls: int = 0
    left: int = 0


@dataclass
class Found:
    """All pipelines of a simulation, and the organisation that they have asked."""

    organisation: Organisation
    pipelines: list[Ended] = field(default_factory=list)

    def figures(self) -> Figures:
        """Medians and shares, by name and unit."""
        calls = self.organisation.calls.total()
        known = sorted(p.seconds for p in self.pipelines if p.seconds is not None)
        lost = len(self.pipelines) - len(known)
        figures = {
            "calls": float(calls),
            "refused, %": 100 * self.organisation.refused.total() / calls,
            "most calls in a second": float(self.organisation.most_at_once),
            "no verdict, %": 100 * lost / len(self.pipelines),
            "waiting for parallelism, s": statistics.mean(p.queued for p in self.pipelines),
        }
        if known:
            last = known[math.ceil(0.99 * len(known)) - 1]
            figures = {
                "median to verdict, s": statistics.median(known),
                "p99 to verdict, s": last,
                **figures,
            }
        return figures


def simulated(load: Load, limits: Limits, way: Way = Way(), seed: int = 1) -> Found:
    """One hour of that load; the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311  # no secret
    organisation, simulation = Organisation(limits), Simulation()
    found = Found(organisation)
    reading = 0 if way.files else calls_for_definitions(load)
    with _product_random(seed, jitter=way.jitter):
        for _ in range(load.pipelines):
            at = chance.uniform(0, 1.0 if load.together else _HOUR)
            durations = [chance.uniform(_SHORTEST, _LONGEST) for _ in range(load.checks)]
            ended = Ended()
            found.pipelines.append(ended)
            run = _Run(simulation, organisation, ended, reading, durations, way)
            simulation.start(run.process(), at)
        simulation.run()
    return found


class _RefusedError(Exception):
    """The gate has given up asking."""


class _Run:
    """One run of the gate, from the reading of its checks to their results."""

    def __init__(  # noqa: PLR0913, PLR0917  # what stands around it has that many parts
        self,
        simulation: Simulation,
        organisation: Organisation,
        ended: Ended,
        reading: int,
        durations: list[float],
        way: Way,
    ) -> None:
        self._simulation, self._organisation, self._ended = simulation, organisation, ended
        self._reading, self._durations, self._way = reading, durations, way
        self._limit = retries.RateLimit()
        self._clock = Clock(lambda _: False, lambda: simulation.now)
        self._begun = 0.0

    def process(self) -> Iterator[float]:
        """Reads, triggers and follows; each batch is followed beside the others."""
        self._begun = self._simulation.now
        whole = [self._durations]
        batches = whole if self._way.batch else [[each] for each in self._durations]
        self._ended.left = len(batches)
        try:
            for _ in range(self._reading):
                yield from self._call("definitions", latency=_LATENCY / _AT_ONCE)
            for batch in batches:
                yield from self._call("trigger", "POST")
                times = self._organisation.run(batch, self._simulation.now, _TIMEOUT)
                waited = max(begins for begins, _ in times) - self._simulation.now
                self._ended.queued = max(self._ended.queued, waited)
                self._simulation.start(self._follow([ends for _, ends in times]))
        except _RefusedError:
            return

    def _follow(self, ends: list[float]) -> Iterator[float]:
        pace, told = Pace(self._clock, self._limit, near=False), 0
        deadline = self._simulation.now + _TIMEOUT
        try:
            while told < len(ends):
                if self._simulation.now > deadline:
                    return
                yield pace.until_next(None, told=False)
                pace.looks()
                answer = yield from self._call("batch")
                self._limit.told(answer.headers)
                over = sum(end <= self._simulation.now for end in ends)
                if over > told and (over == len(ends) or pace.time_for_details()):
                    yield from self._call("details")
                    told = over
        except _RefusedError:
            return
        self._ended.left -= 1
        if not self._ended.left:
            self._ended.seconds = self._simulation.now - self._begun

    def _call(
        self, kind: str, method: str = "GET", latency: float = _LATENCY
    ) -> Generator[float, None, Answer]:
        """As `Caller.ask` makes it."""
        begun, attempt = self._simulation.now, 0
        while True:
            yield latency
            self._ended.calls += 1
            answer = self._organisation.answer(kind, self._simulation.now)
            if answer.good:
                return answer
            self._limit.refused()
            spent = self._simulation.now - begun
            pause = retries.pause(attempt, method, answer, None, spent=spent)
            if pause is None or self._simulation.now + pause > self._begun + _TIMEOUT:
                raise _RefusedError
            yield pause
            attempt += 1


@contextmanager
def _product_random(seed: int, *, jitter: bool) -> Iterator[None]:
    """The gate's own chance, by the seed; without jitter always the least of what it may be."""
    before = random.getstate()
    random.seed(seed)
    least = mock.patch.object(random, "uniform", lambda low, _high: low)
    try:
        if jitter:
            yield
        else:
            with least:
                yield
    finally:
        random.setstate(before)


class _Listing(SyntheticsClient):
    """Tells of an organisation's tests, of which ours lie evenly apart, and counts calls."""

    def __init__(self, load: Load) -> None:
        super().__init__(Endpoint.of_site("datadoghq.com"), None)
        apart = max(load.tests // load.checks, 1)
        self.ours = [_id(number * apart) for number in range(load.checks)]
        self._tests = load.tests

    def check(self, public_id: str) -> Check:
        self.calls += 1
        return Check(public_id, public_id, "api", "http", "blocking")

    def page(self, number: int) -> tuple[Check, ...]:
        self.calls += 1
        numbers = range(number * 100, min((number + 1) * 100, self._tests))
        return tuple(Check(_id(one), "", "api", "http", "blocking") for one in numbers)


def calls_for_definitions(load: Load) -> int:
    """How often the gate asks until it knows its checks, found out by its own reading."""
    client = _Listing(load)
    Known(client).checks(client.ours)
    client.close()
    return client.calls


def _id(number: int) -> str:
    return f"{number // 10**6:03}-{number // 1000 % 1000:03}-{number % 1000:03}"
