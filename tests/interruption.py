"""An interrupted run takes down what its tests have made: containers, networks, processes."""

from __future__ import annotations

import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

_PATIENCE = 60.0  # s, for what all workers have to take down


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown() -> Generator[None]:
    """Lets Ctrl-C wait for a teardown, which pytest would not take up again; a second one not."""
    asked: list[int] = []

    def note(number: int, _frame: object) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)

    before = signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if asked:
            raise KeyboardInterrupt


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Waits for the workers, which have heard of it too; xdist would end them within seconds."""
    controller = session.config.pluginmanager.get_plugin("dsession")
    if controller is None or exitstatus != pytest.ExitCode.INTERRUPTED:
        return
    until = time.monotonic() + _PATIENCE
    with suppress(KeyboardInterrupt):
        for worker in controller._active_nodes:
            with suppress(Exception):  # it ended by an error, or does not end in time
                worker.channel.waitclose(max(0.0, until - time.monotonic()))
