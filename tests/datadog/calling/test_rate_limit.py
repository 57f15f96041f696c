"""How the time between repeated calls follows what a service tells of its limit."""

from __future__ import annotations

import time

import pytest

from pytest_storedog_gate.datadog.calling.retries import RateLimit


def test_nothing_told_changes_nothing() -> None:
    limit = RateLimit()
    limit.told({})
    assert limit.stretched(0.5) == 0.5


def test_each_refusal_stretches_the_time_up_to_four_times() -> None:
    limit = RateLimit()
    found = []
    for _ in range(10):
        limit.refused()
        found.append(limit.stretched(1.0))
    assert found == sorted(found)
    assert found[0] > 1
    assert found[-1] == 4


@pytest.mark.parametrize(
    ("left", "reset", "apart"),
    [
        ("60", "30", 0.5),
        ("2", "30", 15),
        ("1", "30", 30),
        ("0", "12", 12),
        ("1", "86400", 30),
        ("10", "-5", 0),
        ("-3", "12", 12),
        ("nan", "12", 0),
        ("many", "12", 0),
        ("5", "soon", 0),
        ("5", "inf", 0),
    ],
)
def test_what_is_left_is_spread_over_the_time_until_there_is_more(
    left: str, reset: str, apart: float
) -> None:
    limit = RateLimit()
    limit.told({"X-RateLimit-Remaining": left, "X-RateLimit-Reset": reset})
    assert limit.stretched(0.0) == pytest.approx(apart)
    assert limit.stretched(100.0) == 100.0


def test_a_unix_time_is_understood() -> None:
    limit = RateLimit()
    limit.told({"X-RateLimit-Remaining": "1", "X-RateLimit-Reset": str(time.time() + 20)})
    assert 19 <= limit.stretched(0.0) <= 20


def test_a_later_answer_replaces_an_earlier_one() -> None:
    limit = RateLimit()
    limit.told({"X-RateLimit-Remaining": "1", "X-RateLimit-Reset": "20"})
    limit.told({"X-RateLimit-Remaining": "100", "X-RateLimit-Reset": "10"})
    assert limit.stretched(0.0) == pytest.approx(0.1)
