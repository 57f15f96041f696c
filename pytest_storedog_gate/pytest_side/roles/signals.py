"""Ctrl-C and SIGTERM: in a run, while it leaves its environment in order, once it has decided."""

from __future__ import annotations

import signal
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.pytest_side.reporting import standard_error

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    import pytest


_BOTH = (signal.SIGINT, signal.SIGTERM)
# Within it a further one is the same wish: nobody is heard who ends the run's own end.
_AT_ONCE = 3.0  # s


class Interrupts:
    """The first one ends the run, in order; those after it come too late to break that off.

    A test may swallow the first one: then a later one is the first.
    """

    def __init__(self) -> None:
        self.ending = False
        self._raised = float("-inf")
        self._before: dict[int, Any] = {}

    def take(self) -> None:
        """From here on; where a shell has put the run into its background it goes on there."""
        for number in _BOTH:
            if number == signal.SIGTERM or signal.getsignal(number) != signal.SIG_IGN:
                self._before[number] = signal.signal(number, self)

    def give_back(self) -> None:
        """Once the run has decided: a program that called pytest goes on with its own."""
        if threading.current_thread() is threading.main_thread():
            for number, handler in self._before.items():
                if signal.getsignal(number) is self:
                    signal.signal(number, handler)

    def __call__(self, number: int, frame: FrameType | None) -> None:
        __tracebackhide__ = True  # pytest tells where the run was
        if self.ending or time.monotonic() - self._raised < _AT_ONCE:
            _note(number, frame)
            return
        self._raised = time.monotonic()
        raise KeyboardInterrupt


def ignore(config: pytest.Config) -> None:
    """Lets nothing change the status any more, where this process is pytest's command alone."""
    ours = sys.argv[1:] == list(config.invocation_params.args)
    if ours and threading.current_thread() is threading.main_thread():
        for number in _BOTH:
            signal.signal(number, signal.SIG_IGN)


@contextmanager
def shielded() -> Iterator[None]:
    """Lets a rollback finish: a second Ctrl-C must not leave the environment half deployed."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are the main thread's
        return
    previous = {number: signal.signal(number, _note) for number in _BOTH}
    try:
        yield
    finally:
        for number, handler in previous.items():
            if signal.getsignal(number) is _note:
                signal.signal(number, handler)


def _note(_number: int, _frame: FrameType | None) -> None:
    standard_error.say(
        "storedog-gate: leaving the environment in order first, which no further signal breaks "
        "off; please wait (a run that is killed is mended by the next one)"
    )
