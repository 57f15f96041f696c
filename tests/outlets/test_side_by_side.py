"""Requests side by side: so many at once, in order, and nobody waits for them after an error."""

from __future__ import annotations

import threading

import pytest

from pytest_storedog_gate.outlets.side_by_side import side_by_side


def test_each_waits_for_the_others() -> None:
    """All four are at work at once, or none of them would come to its end."""
    together = threading.Barrier(4, timeout=10)

    def ask(number: int) -> int:
        together.wait()
        return number

    assert side_by_side(ask, range(4), at_once=4) == [0, 1, 2, 3]


def test_no_more_than_four_are_at_work() -> None:
    at_work, most, lock = 0, 0, threading.Lock()

    def ask(_: int) -> None:
        nonlocal at_work, most
        with lock:
            at_work += 1
            most = max(most, at_work)
        together.wait()
        with lock:
            at_work -= 1

    together = threading.Barrier(4, timeout=10)
    side_by_side(ask, range(12), at_once=4)
    assert most == 4


def test_the_first_error_in_order_is_raised_at_once() -> None:
    last = threading.Event()

    def ask(number: int) -> None:
        if number == 2:
            last.wait(10)
        else:
            raise LookupError(number)

    with pytest.raises(LookupError, match="0"):
        side_by_side(ask, range(3), at_once=3)
    assert not last.is_set()
    last.set()


def test_what_has_not_begun_after_an_error_never_begins() -> None:
    asked, over, workers = [], threading.Event(), set()

    def ask(number: int) -> None:
        asked.append(number)
        workers.add(threading.current_thread())
        if number == 0:
            raise LookupError
        over.wait(10)

    with pytest.raises(LookupError):
        side_by_side(ask, range(9), at_once=1)
    over.set()
    workers.pop().join(10)
    assert asked in ([0], [0, 1])


def test_of_none_there_is_nothing() -> None:
    assert side_by_side(str, (), at_once=4) == []
