"""What is kept of a test that failed: the page and Playwright's trace, in files.

They hold what the page and its requests held, secrets too, so that they are written only to a
directory that the user named.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.async_api import Error

from pytest_storedog_gate.local_synthetics.chromium.attempts import FILES
from pytest_storedog_gate.outlets.whole_file import (
    inner_folder,
    new_file,
    opened_folder,
    refuse_links,
)

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext, Page

_LIMIT = 10.0  # s


async def begin(context: BrowserContext) -> None:
    """Record a trace from here on."""
    await context.tracing.start(screenshots=True, snapshots=True)


async def keep(context: BrowserContext, page: Page, directory: Path) -> list[str]:
    """Write `trace.zip`, `page.html` and `page.png`. Returns the paths of what there is.

    Only the owner can enter the directory, which is made and held open, so that nobody leads what
    is written elsewhere. What does not answer any more, or finds no room on the disk, is left out.
    """
    try:
        folder = await asyncio.to_thread(_made, directory)
    except OSError:
        return []
    contents = _markup(page), page.screenshot(), _trace(context)
    kept = []
    try:
        for name, content in zip(FILES, contents, strict=True):
            with contextlib.suppress(Error, OSError):  # of which TimeoutError is one
                async with asyncio.timeout(_LIMIT):
                    data = await content
                await asyncio.to_thread(new_file, folder, name, data)
                kept.append(str(directory / name))
    finally:
        os.close(folder)
    return kept


def _made(directory: Path) -> int:
    refuse_links(directory.parent)
    with opened_folder(directory.parent.parent) as outer:
        parent = inner_folder(outer, directory.parent.name)
    try:
        os.mkdir(directory.name, 0o700, dir_fd=parent)
        made = inner_folder(parent, directory.name, make=False)
    finally:
        os.close(parent)
    if os.fstat(made).st_uid != os.geteuid():  # somebody has put another one there
        os.close(made)
        raise PermissionError
    return made


async def _markup(page: Page) -> bytes:
    return (await page.content()).encode(errors="replace")


async def _trace(context: BrowserContext) -> bytes:
    # Playwright wants a path, by which nothing is written where others may be.
    with tempfile.TemporaryDirectory(prefix="storedog-") as own:
        path = Path(own) / "trace.zip"
        await context.tracing.stop(path=path)
        return await asyncio.to_thread(path.read_bytes)
