"""The threads that follow batches: each outcome is told, and the end once all have ended."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, cast

import pytest

from pytest_storedog_gate.errors import NoVerdict
from pytest_storedog_gate.gate.checking import watch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_storedog_gate.datadog.batch import Batch


class Told:
    """What watchers told."""

    def __init__(self) -> None:
        self.outcomes: list[Any] = []
        self.failures: list[str] = []
        self.ends: list[int] = []
        self.cancelled = threading.Event()

    def watch(self, *batches: Callable[[], Iterator[Any]]) -> None:
        """Until they have ended."""
        for watcher in watch(
            [cast("Batch", Follow(batch)) for batch in batches],
            self.cancelled,
            put=self.outcomes.append,
            fail=lambda error: self.failures.append(str(error)),
            end=lambda: self.ends.append(len(self.outcomes)),
        ):
            watcher.join()


class Follow:
    """A batch with these outcomes."""

    def __init__(self, outcomes: Callable[[], Iterator[Any]]) -> None:
        self.outcomes = outcomes


def test_the_end_is_told_once_and_after_all_outcomes() -> None:
    told, first_has_ended = Told(), threading.Event()

    def first() -> Iterator[str]:
        yield "a"
        first_has_ended.set()

    def second() -> Iterator[str]:
        assert first_has_ended.wait(5)
        yield "b"

    told.watch(first, second)
    assert (told.outcomes, told.failures, told.ends) == (["a", "b"], [], [2])


@pytest.mark.parametrize(
    ("error", "cancelled", "failures"),
    [
        (NoVerdict("it is lost"), False, ["it is lost"]),
        (NoVerdict("it is lost"), True, []),
        (KeyError("x"), False, ["following the batch failed: KeyError: 'x'"]),
        (KeyError("x"), True, ["following the batch failed: KeyError: 'x'"]),
    ],
)
def test_what_ends_a_batch_early_is_a_reason_unless_the_run_has_ended_it(
    error: Exception, cancelled: bool, failures: list[str]
) -> None:
    told = Told()

    def broken() -> Iterator[str]:
        yield "a"
        if cancelled:
            told.cancelled.set()
        raise error

    told.watch(broken)
    assert (told.outcomes, told.failures, told.ends) == (["a"], failures, [1])


def test_without_a_batch_there_is_nothing_to_wait_for() -> None:
    told = Told()
    told.watch()
    assert told.ends == []
