"""The lab's own browser check against the lab's shop, with good and bad discounts services."""

from __future__ import annotations

import json
import threading
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

from pytest_storedog_gate.local_synthetics.definitions.files import load
from tests.local_synthetics.support.service import Target, targeting
from tests.repository import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.local_synthetics.support.service import Service

pytestmark = pytest.mark.browser
_CHECKS = ROOT / "lab/checks/browser.synthetics.json"
_CODES = [{"name": "Black Friday", "code": "BFRIDAY", "value": 5}]


@pytest.fixture(scope="module")
def discounts() -> Iterator[Target]:
    with targeting() as running:
        yield running


@pytest.fixture(scope="module")
def shop(discounts: Target) -> Iterator[str]:
    """The lab's frontend, before the discounts service of the tests."""
    pytest.importorskip("flask", reason="no flask, of which the lab's shop is made")
    from werkzeug.serving import make_server  # noqa: PLC0415

    frontend: Any = import_module("lab.storedog.frontend.app")
    frontend.discounts_url = discounts.url
    server = make_server("127.0.0.1", 0, frontend.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def run(service: Service, shop: str, **options: Any) -> dict[str, Any]:
    definition = json.loads(json.dumps(load([str(_CHECKS)]).tests["shp-brw-flw"].data))
    del definition["options"]["retry"]
    for step in definition["steps"]:
        step["timeout"] = options.get("seconds", step["timeout"])
    return service.run(definition, variables={"SHOP": shop})


def test_a_customer_gets_free_shipping(
    browser_service: Service, shop: str, discounts: Target
) -> None:
    discounts.answer_json("/discount", _CODES)
    discounts.answer_json("/discount-code", _CODES[0])
    result = run(browser_service, shop)
    assert result["status"] == "passed", result["failure"]
    assert result["steps"][2]["extracted_value"]["value"] == "BFRIDAY"
    assert discounts.requests[-1]["path"] == "/discount-code?discount_code=BFRIDAY"


@pytest.mark.parametrize(
    ("answers", "failed"),
    [
        (([], _CODES[0]), "The banner shows a code"),
        (({"discounts": _CODES}, _CODES[0]), "The banner shows a code"),
        (([{"discount_code": "BFRIDAY"}], _CODES[0]), "The banner shows a code"),
        ((_CODES, {"error": "unknown"}), "Shipping is free"),
    ],
    ids=["an empty list", "a wrapped list", "a renamed key", "an error with 200"],
)
def test_a_bad_release_is_seen(
    browser_service: Service, shop: str, discounts: Target, answers: tuple[Any, Any], failed: str
) -> None:
    for path, answer in zip(("/discount", "/discount-code"), answers, strict=True):
        discounts.answer_json(path, answer)
    result = run(browser_service, shop, seconds=2)
    assert result["status"] == "failed"
    assert f"({failed}" in result["failure"]["message"]
