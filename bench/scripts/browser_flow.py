"""The flow of ten steps as somebody would write it who knows the page.

A Chromium and the URL are given.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

_LAPTOP = {"width": 1440, "height": 1100}


def by_playwright(browser: Browser, url: str) -> None:
    """The flow, in a context of its own."""
    context = browser.new_context(viewport=_LAPTOP)  # type: ignore[arg-type]
    try:
        page = context.new_page()
        page.goto(url)
        _picture(page)
        _wanted(page.query_selector("#title") is not None)
        _picture(page)
        _wanted("Dog shop" in page.inner_text("body"))
        _picture(page)
        page.locator("#code").clear()
        page.locator("#code").press_sequentially("BFRIDAY")
        _picture(page)
        page.locator("#size").select_option("l")
        _picture(page)
        page.locator("#apply").click()
        _picture(page)
        _wanted(page.locator("#said").inner_text() == "BFRIDAY l")
        _picture(page)
        _wanted(url in page.url)
        _picture(page)
        page.locator("#cart").click()
        _picture(page)
        _wanted(page.locator("#title").inner_text() == "Cart")
        _picture(page)
        _wanted("Dog shop" not in page.inner_text("body"))
        _picture(page)
    finally:
        context.close()


def _picture(page: Page) -> None:
    page.screenshot(type="jpeg", quality=60)
    page.wait_for_load_state("load")


def _wanted(holds: object) -> None:
    if not holds:
        raise RuntimeError("the page is not as wanted")


if __name__ == "__main__":
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=sys.argv[1])
        by_playwright(browser, sys.argv[2])
        browser.close()
