"""A browser, a site, and the tests that are made of steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.local_synthetics.servers.site import serving_site
from tests.local_synthetics.support.browser_tests import (
    BAD_SUB_TEST,
    GOOD_SUB_TEST,
    browser_test,
    css,
    step,
)
from tests.local_synthetics.support.service import Service, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Json = dict[str, Any]
    Play = Callable[..., Json]


@pytest.fixture(scope="package")
def site() -> Iterator[str]:
    with serving_site() as url:
        yield url


@pytest.fixture(scope="package")
def browser_service(chromium: None, site: str) -> Iterator[Service]:
    """A service with one browser for all tests of this folder, and with two sub-tests."""
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
