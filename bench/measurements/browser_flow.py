"""A browser test of ten steps by the local service, and the same flow written in Playwright.

Both have a browser that runs already, a new context each time, the same device, the load of the
page before each step, and a JPEG of the page after it.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.sync_api import sync_playwright

from bench.rounds import Case, ratio, timed
from bench.scripts.browser_flow import by_playwright
from bench.service import MODULE, run
from bench.site import started
from lab.scripts.machine import chromium
from pytest_storedog_gate.local_synthetics.chromium.executable import find_chromium

if TYPE_CHECKING:
    from collections.abc import Iterator


def cases(*, quick: bool) -> Iterator[Case]:  # noqa: ARG001
    """One case."""
    chromium.ensure()
    with (
        started("bench.site") as site,
        started(MODULE, "serve") as service,
        sync_playwright() as playwright,
    ):
        path = find_chromium(os.environ, Path(playwright.chromium.executable_path))
        browser = playwright.chromium.launch(executable_path=path)
        yield Case(
            "ten steps, both warm",
            {
                "service": timed(partial(run, service.url, [flow(site.url)])),
                "Playwright": timed(partial(by_playwright, browser, site.url)),
            },
            [ratio("wall, s", 1.25, "Playwright")],
        )
        browser.close()


def _step(kind: str, selector: str = "", **params: Any) -> dict[str, Any]:
    if selector:
        values = [{"type": "css", "value": selector}]
        params["element"] = {"userLocator": {"failTestOnCannotLocate": True, "values": values}}
    return {"type": kind, "name": kind, "params": params}


def flow(url: str) -> dict[str, Any]:
    """The flow as a browser test."""
    return {
        "type": "browser",
        "name": "shop",
        "config": {"request": {"method": "GET", "url": url}, "assertions": []},
        "options": {"device_ids": ["laptop_large"]},
        "steps": [
            _step("assertElementPresent", "#title"),
            _step("assertPageContains", value="Dog shop"),
            _step("typeText", "#code", value="BFRIDAY"),
            _step("selectOption", "#size", value="l"),
            _step("click", "#apply"),
            _step("assertElementContent", "#said", check="equals", value="BFRIDAY l"),
            _step("assertCurrentUrl", check="contains", value=url),
            _step("click", "#cart"),
            _step("assertElementContent", "#title", check="equals", value="Cart"),
            _step("assertPageLacks", value="Dog shop"),
        ],
    }
