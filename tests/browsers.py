"""A real Chromium that a test looks at pages with."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_storedog_gate.local_synthetics.chromium.executable import find_chromium

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page, Playwright


@contextmanager
def launched(driver: Playwright) -> Iterator[Browser]:
    """A browser that is there until the block ends."""
    own = Path(driver.chromium.executable_path)
    browser = driver.chromium.launch(executable_path=find_chromium(os.environ, own))
    try:
        yield browser
    finally:
        browser.close()


def opened(page: Page, address: str) -> None:
    """The page that is there; containers that come and go meanwhile cut a load off."""
    from playwright.sync_api import Error  # noqa: PLC0415

    while True:
        try:
            page.goto(address)
        except Error as error:
            if "ERR_NETWORK_CHANGED" not in str(error):
                raise
        else:
            return
