"""What is kept of a test that failed: the page and Playwright's trace, in files.

They hold what the page and its requests held, secrets too, so that they are written only to a
directory that the user named.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from playwright.async_api import Error

from pytest_storedog_gate.outlets.whole_file import refuse_links

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from pathlib import Path

    from playwright.async_api import BrowserContext, Page

_LIMIT = 10.0  # s


async def begin(context: BrowserContext) -> None:
    """Record a trace from here on."""
    await context.tracing.start(screenshots=True, snapshots=True)


async def keep(context: BrowserContext, page: Page, directory: Path) -> list[str]:
    """Write `trace.zip`, `page.html` and `page.png`. Returns the paths of what there is.

    Only the owner can enter the directory. What does not answer any more, or finds no room on the
    disk, is left out.
    """
    try:
        await asyncio.to_thread(_make, directory)
    except OSError:
        return []
    await _if_possible(page.screenshot(path=directory / "page.png"))
    await _if_possible(_write_page(page, directory / "page.html"))
    await _if_possible(context.tracing.stop(path=directory / "trace.zip"))
    return sorted(await asyncio.to_thread(_paths_in, directory))


def _make(directory: Path) -> None:
    # Nothing is in a directory that was not there, so that no link is either.
    refuse_links(directory.parent)
    directory.mkdir(mode=0o700, parents=True)


def _paths_in(directory: Path) -> list[str]:
    return [str(path) for path in directory.iterdir()]


async def _write_page(page: Page, path: Path) -> None:
    await asyncio.to_thread(path.write_text, await page.content(), encoding="utf-8")


async def _if_possible(work: Awaitable[object]) -> None:
    with contextlib.suppress(Error, OSError):  # of which TimeoutError is one
        async with asyncio.timeout(_LIMIT):
            await work
