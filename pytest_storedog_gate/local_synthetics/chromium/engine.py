"""The one Chromium of the service: started when it is first needed, and again after a crash."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from playwright.async_api import (
    Browser,
    BrowserContext,
    BrowserType,
    Error,
    Playwright,
    async_playwright,
)

from pytest_storedog_gate.local_synthetics.chromium.executable import NoChromiumError, find_chromium
from pytest_storedog_gate.local_synthetics.failures import CheckFailed, InvalidTest
from pytest_storedog_gate.outlets.child_environment import only_for_children

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

T = TypeVar("T")
AT_ONCE = 4
"""Contexts for one purpose: more of them are no faster."""
_CLOSING = 5  # s
_STARTING = 30  # s


async def answered(question: Awaitable[T]) -> T:
    """The browser's answer. Raises CheckFailed where none comes: a crashed one is silent."""
    try:
        async with asyncio.timeout(_STARTING):
            return await question
    except (Error, TimeoutError):
        raise CheckFailed("UNAVAILABLE_BROWSER", "Chromium crashed.") from None


class Engine:
    """Belongs to one event loop."""

    def __init__(self, *arguments: str, headed: bool) -> None:
        """`arguments` join those of Chromium. `headed`: with windows that a person sees."""
        self._arguments = arguments
        self._headed = headed
        self._starting = asyncio.Lock()
        self._playwright: Playwright | None = None
        self._browser: Browser | None = None

    @contextlib.asynccontextmanager
    async def context(
        self, options: Callable[[str], dict[str, Any]]
    ) -> AsyncIterator[tuple[BrowserContext, str]]:
        """A context of its own, and the browser's version, for which `options` are made.

        Raises InvalidTest where no Chromium is installed, and CheckFailed where it does not start.
        """
        browser = await self.ready()
        context = await answered(browser.new_context(**options(browser.version)))
        try:
            yield context, browser.version
        finally:
            # One that does not answer any more is replaced for the next test.
            if not await _ended(context.close):
                await _ended(browser.close)  # of which other tests hear
                if self._browser is browser:
                    await self.close()

    async def ready(self) -> Browser:
        """The browser, started where it does not run. Raises as `context` does."""
        async with self._starting:
            if self._browser is None or not self._browser.is_connected():
                await self.close()
                self._browser = await self._start()
            return self._browser

    async def close(self) -> None:
        """End the driver, which ends its browser first."""
        playwright, self._playwright, self._browser = self._playwright, None, None
        if playwright:
            await _ended(playwright.stop)

    async def _start(self) -> Browser:
        try:
            async with asyncio.timeout(_STARTING):
                self._playwright = await _driver()
                chromium = self._playwright.chromium
                own = Path(chromium.executable_path)
                return await _launched(
                    chromium,
                    executable_path=find_chromium(os.environ, own, headed=self._headed),
                    headless=not self._headed,
                    args=self._arguments,
                    handle_sigint=False,
                    handle_sigterm=False,
                    handle_sighup=False,
                )
        except NoChromiumError as error:
            await self.close()
            raise InvalidTest(f"Refused: {error}") from None
        except (Error, TimeoutError) as error:
            await self.close()
            reason = str(error).partition("\n")[0] or f"no answer within {_STARTING} s"
            raise CheckFailed(
                "UNAVAILABLE_BROWSER", f"Chromium could not be started: {reason}"
            ) from None


async def _ended(end: Callable[[], Awaitable[None]]) -> bool:
    """Whether this came to its end; a crashed browser cannot be closed, and that is no fault."""
    try:
        async with asyncio.timeout(_CLOSING):
            await end()
    except (Error, TimeoutError):
        return False
    return True


async def _launched(chromium: BrowserType, **options: Any) -> Browser:
    """With Chromium's own sandbox, where the system lets it have one. Raises Error."""
    # As root it refuses to try; elsewhere a container or the system forbids it namespaces.
    if os.geteuid() != 0:
        with contextlib.suppress(Error):
            return await chromium.launch(chromium_sandbox=True, **options)
    browser = await chromium.launch(chromium_sandbox=False, **options)
    _say_without_sandbox()
    return browser


@cache
def _say_without_sandbox() -> None:
    """Once is enough for a process."""
    who = "as root" if os.geteuid() == 0 else "where the system allows no user namespaces"
    sys.stderr.write(
        f"storedog-synthetics: Chromium runs without its sandbox, as it always does {who}: a page "
        "that breaks out of it has what this user has\n"
    )


async def _driver() -> Playwright:
    """Playwright's driver, a process of Node. Raises CheckFailed where it does not start.

    Chromium inherits the environment of the driver.
    """
    try:
        with only_for_children():
            return await async_playwright().start()
    except Exception as error:  # noqa: BLE001 that is what Playwright raises where Node has ended
        raise CheckFailed(
            "UNAVAILABLE_BROWSER",
            f"Playwright's driver could not be started: {error}; 'playwright --version' shows why",
        ) from None
