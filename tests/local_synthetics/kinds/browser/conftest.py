"""A browser, a site, and the tests that are made of steps."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest

from tests.local_synthetics.kinds.browser.site import serving_site
from tests.local_synthetics.support import Service, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Json = dict[str, Any]
    Play = Callable[..., Json]

GOOD_SUB_TEST, BAD_SUB_TEST = "sub-goo-dog", "sub-bad-cat"
_numbers = itertools.count(100)


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with serving_site() as url:
        yield url


@pytest.fixture(scope="module")
def browser_service(chromium: None, site: str) -> Iterator[Service]:
    """A service with one browser for all tests of a module, and with two sub-tests."""
    sub_tests = {
        GOOD_SUB_TEST: step("assertElementPresent", element=css("#title")),
        BAD_SUB_TEST: step("assertElementPresent", seconds=0.4, element=css("#cat")),
    }
    definitions = [
        {**browser_test(site, only), "public_id": public_id}
        for public_id, only in sub_tests.items()
    ]
    with serving(*definitions) as running:
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
