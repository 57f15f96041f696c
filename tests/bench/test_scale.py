"""The simulation of many pipelines: the same by its seed, nothing is lost, and limits hold."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from bench.simulated.events import Simulation
from bench.simulated.organisation import Limits, Organisation
from bench.simulated.pipelines import Load, Way, calls_for_definitions, simulated

if TYPE_CHECKING:
    from collections.abc import Iterator

TIGHT = Limits(calls=60, parallel=10)
LOADS = [Load(40, 10), Load(40, 10, together=True), Load(10, 30, tests=300)]
WAYS = [Way(), Way(batch=False), Way(files=True), Way(jitter=False)]


def test_time_passes_from_event_to_event() -> None:
    simulation, seen = Simulation(), list[tuple[str, float]]()

    def process(name: str, *pauses: float) -> Iterator[float]:
        for pause in pauses:
            seen.append((name, simulation.now))
            yield pause
        seen.append((name, simulation.now))

    simulation.start(process("a", 2, 3))
    simulation.start(process("b", 1), at=1)
    simulation.run()
    assert seen == [("a", 0), ("b", 1), ("a", 2), ("b", 2), ("a", 5)]


@pytest.mark.parametrize("load", LOADS)
@pytest.mark.parametrize("way", WAYS)
def test_calls_and_verdicts_are_conserved(load: Load, way: Way) -> None:
    found = simulated(load, TIGHT, way)
    organisation = found.organisation
    assert sum(each.calls for each in found.pipelines) == organisation.calls.total()
    assert len(found.pipelines) == load.pipelines
    for each in found.pipelines:
        # It has ended with all its results, or without any verdict: there is nothing between.
        assert each.seconds is None or (each.left == 0 and each.seconds > 2)
    triggered = organisation.calls["trigger"] - organisation.refused["trigger"]
    batches = 1 if way.batch else load.checks
    verdicts = sum(each.seconds is not None for each in found.pipelines)
    assert verdicts * batches <= triggered <= load.pipelines * batches
    assert (organisation.calls["definitions"] == 0) is way.files
    assert found.figures() == simulated(load, TIGHT, way).figures()
    assert found.figures() != simulated(load, TIGHT, way, seed=2).figures()


def test_no_more_is_let_through_than_the_limit_and_each_answer_tells_of_it() -> None:
    organisation = Organisation(Limits(calls=3, period=10))
    answers = [organisation.answer("batch", now) for now in (0, 1, 2, 3, 9.5, 10)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429, 200]
    assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == list("210002")
    assert answers[4].headers["X-RateLimit-Reset"] == "0.500"
    # Each kind of call has its own.
    assert organisation.answer("details", 3).good


def test_no_more_tests_run_at_once_than_are_allowed() -> None:
    organisation = Organisation(Limits(parallel=2))
    times = organisation.run([5, 5, 5, 5], 0, 100) + organisation.run([1], 1, 100)
    assert times == [(0, 5), (0, 5), (5, 10), (5, 10), (10, 11)]
    # What could not begin within the time of its batch does not run, and holds up nobody.
    assert organisation.run([5], 1, 5) == [(6, math.inf)]
    assert organisation.run([1], 1, 100) == [(10, 11)]


def test_more_pipelines_take_more_calls_and_definitions_few_where_pages_hold_them() -> None:
    calls = [simulated(Load(n, 5), Limits()).organisation.calls.total() for n in (5, 20, 60)]
    assert all(fewer < more for fewer, more in pairwise(calls))
    assert calls_for_definitions(Load(1, 8)) == 8
    assert calls_for_definitions(Load(1, 100, tests=200)) == 2
    assert calls_for_definitions(Load(1, 100, tests=10_000)) == 100


def test_a_limit_that_many_share_loses_no_verdict() -> None:
    """They begin together; most are refused more often than five times before their turn."""
    found = simulated(Load(100, 8, together=True), Limits(calls=60, parallel=1000))
    assert found.organisation.refused.total() > 100
    assert all(each.seconds is not None for each in found.pipelines)
