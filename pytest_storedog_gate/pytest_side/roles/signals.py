"""Ctrl-C and SIGTERM while a run leaves its environment in order, and once it has decided."""

from __future__ import annotations

import signal
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pytest_storedog_gate.pytest_side.reporting import terminal

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest


def ignore(config: pytest.Config) -> None:
    """Lets nothing change the status any more, where this process is pytest's command alone."""
    ours = sys.argv[1:] == list(config.invocation_params.args)
    if ours and threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)


@contextmanager
def shielded() -> Iterator[None]:
    """Lets a rollback finish: a second Ctrl-C must not leave the environment half deployed."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are the main thread's
        return

    def note(_signal: int, _frame: object) -> None:
        terminal.raw("storedog-gate: leaving the environment in order first, please wait")

    previous = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            if signal.getsignal(number) is note:
                signal.signal(number, handler)
