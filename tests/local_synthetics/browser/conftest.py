"""A browser, a site, and the tests that are made of steps."""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_storedog_gate.local_synthetics.browser.chromium import NoChromiumError, find_chromium
from tests.conftest import missing
from tests.local_synthetics.support import Service, serving

from .site import serving_site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Json = dict[str, Any]
    Play = Callable[..., Json]

_numbers = itertools.count(100)


@pytest.fixture(scope="session")
def chromium() -> None:
    """Playwright and a Chromium are there."""
    try:
        import playwright.sync_api  # noqa: PLC0415
    except ImportError:
        missing("browser", "no playwright: pip install 'pytest-storedog-gate[browser]'")
    with playwright.sync_api.sync_playwright() as driver:
        own = Path(driver.chromium.executable_path)
    try:
        find_chromium(os.environ, own)
    except NoChromiumError as error:
        missing("browser", str(error))


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with serving_site() as url:
        yield url


@pytest.fixture(scope="module")
def browser_service(chromium: None) -> Iterator[Service]:
    """A service with one browser for all tests of a module."""
    with serving() as running:
        yield running


@pytest.fixture
def play(browser_service: Service, site: str) -> Play:
    """The result of a browser test with these steps."""

    def run(*steps: Json, path: str = "/", **parts: Any) -> Json:
        return browser_service.run(browser_test(site + path, *steps, **parts))

    return run


def browser_test(url: str, *steps: Json, **parts: Any) -> Json:
    """A browser test; `parts` join its config or, by their own names, the whole."""
    options = parts.pop("options", {})
    request = {"method": "GET", "url": url, **parts.pop("request", {})}
    return {
        "public_id": f"brw-tst-{next(_numbers)}",
        "type": "browser",
        "name": "kennel",
        "tags": [],
        "locations": ["aws:eu-central-1"],
        "config": {"request": request, "assertions": [], **parts},
        "options": {"device_ids": ["laptop_large"], **options},
        "steps": list(steps),
    }


def css(selector: str) -> Json:
    """An element by the user's own CSS selector."""
    values = [{"type": "css", "value": selector}]
    return {"userLocator": {"failTestOnCannotLocate": True, "values": values}}


def step(kind: str, *, seconds: float = 20, flow: Json | None = None, **params: Any) -> Json:
    """A step; `flow`: what it has beside its params."""
    return {"type": kind, "name": kind, "timeout": seconds, "params": params, **(flow or {})}


def says(text: str, seconds: float = 20) -> Json:
    """The page's output is this text."""
    return step(
        "assertElementContent",
        seconds=seconds,
        element=css("#said"),
        check="equals",
        value=text,
    )
