"""A shop whose answers scripts judge."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.local_synthetics.kinds.browser.scripts.scripted import BODY, SECRET, javascript
from tests.local_synthetics.support.service import (
    Answer,
    Handler,
    Target,
    http_test,
    targeting,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.local_synthetics.support.browser_tests import Json
    from tests.local_synthetics.support.service import Service

    Judge = Callable[..., Json]


@pytest.fixture(scope="module")
def shop() -> Iterator[Target]:
    """It answers with a document, with what it was sent, and with failures."""

    def echo(handler: Handler) -> Answer:
        return 200, {}, json.dumps(handler.asked)

    with targeting() as running:
        running.answer_json("/", BODY)
        running.answer("/down", status=500, body="down")
        running.answer("/secret", body=f"the secret is {SECRET}")
        running.routes["/echo"] = echo
        yield running


@pytest.fixture
def judge(browser_service: Service, shop: Target) -> Judge:
    """The result of an HTTP test with this script as its only assertion."""

    def run(code: str, path: str = "/", **parts: Any) -> Json:
        return browser_service.run(http_test(shop.url + path, javascript(code), **parts))

    return run
