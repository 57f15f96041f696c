"""Where a run's time went: each moment counts once, for the innermost part."""

from __future__ import annotations

import pytest

from pytest_storedog_gate.gate import stopwatch
from pytest_storedog_gate.gate.stopwatch import Stopwatch
from tests.deploy.fake_machine import Clock


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(stopwatch, "time", made)
    return made


def test_each_moment_belongs_to_the_innermost_part(clock: Clock) -> None:
    watch = Stopwatch("pytest")
    clock.sleep(1)
    with watch("swap"):
        clock.sleep(2)
        with watch("drain"):
            clock.sleep(4)
        clock.sleep(8)
    clock.sleep(16)
    watch.enter("waiting")
    clock.sleep(32)
    assert list(watch.seconds.items()) == [
        ("pytest", 17), ("swap", 10), ("drain", 4), ("waiting", 32),
    ]  # fmt: skip


def fail_after(clock: Clock, seconds: float) -> None:
    clock.sleep(seconds)
    raise LookupError


def test_a_part_that_fails_has_had_its_time(clock: Clock) -> None:
    watch = Stopwatch("pytest")
    with pytest.raises(LookupError), watch("swap"), watch("drain"):
        fail_after(clock, 4)
    clock.sleep(1)
    assert watch.seconds == {"pytest": 1, "swap": 0, "drain": 4}
    # Asking changes nothing: what is asked twice is told twice.
    assert watch.seconds == watch.seconds
    clock.sleep(1)
    assert watch.seconds["pytest"] == 2
