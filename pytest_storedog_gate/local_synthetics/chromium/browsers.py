"""The browsers of one service: Playwright is imported when the first of them is needed."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pkgutil import resolve_name
from typing import TYPE_CHECKING

from pytest_storedog_gate.local_synthetics.failures import CheckFailed

if TYPE_CHECKING:
    from pytest_storedog_gate.local_synthetics.chromium.engine import Engine

_ENGINE = "pytest_storedog_gate.local_synthetics.chromium.engine:Engine"


class Browsers:
    """One for each set of Chromium's arguments. They belong to one event loop."""

    def __init__(self, *, headed: bool = False) -> None:
        """`headed`: with windows that a person sees."""
        self._headed = headed
        self._engines: dict[tuple[str, ...], Engine] = {}
        self._starting: list[asyncio.Task[None]] = []

    def engine(self, *arguments: str) -> Engine:
        """The one browser that has these arguments of Chromium's.

        Where Playwright is missing, ModuleNotFoundError is raised.
        """
        if arguments not in self._engines:
            self._engines[arguments] = resolve_name(_ENGINE)(*arguments, headed=self._headed)
        return self._engines[arguments]

    def start(self) -> None:
        """Start the one without arguments; what goes wrong is told by the tests that need it."""
        with suppress(ModuleNotFoundError):
            self._starting.append(asyncio.create_task(_started(self.engine())))

    async def close(self) -> None:
        """End those that were made."""
        for starting in self._starting:
            starting.cancel()
        await asyncio.gather(*self._starting, return_exceptions=True)
        for engine in self._engines.values():
            await engine.close()


async def _started(engine: Engine) -> None:
    with suppress(CheckFailed):
        await engine.ready()
