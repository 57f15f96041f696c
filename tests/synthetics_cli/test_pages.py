"""The pages that `storedog-synthetics serve` shows people."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.synthetics_cli import pages
from tests.html_page import Page
from tests.local_synthetics.support.service import Service, Target, http_test, serving, targeting

if TYPE_CHECKING:
    from collections.abc import Iterator

    import requests

GOOD, BAD = "aaa-aaa-aaa", "bbb-bbb-bbb"
HOSTILE = "</title><script>alert(1)</script>"
DETAILS, BATCH = "/synthetics/details", "/synthetics/explorer/ci"


@pytest.fixture
def shop() -> Iterator[tuple[Target, Service]]:
    """A target, and a service with pages, one test that passes and one that does not."""
    with targeting() as target:
        target.answer("/bad", status=500, body=HOSTILE)
        tests = [
            {**http_test(target.url), "public_id": GOOD},
            {**http_test(f"{target.url}/bad"), "public_id": BAD, "name": HOSTILE},
        ]
        with serving(*tests, pages=pages.routes) as service:
            yield target, service


def page(answer: requests.Response) -> Page:
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"].startswith("text/html")
    found = Page(answer.content)
    assert "script" not in found.tags
    return found


def test_the_first_page_lists_tests_and_batches(shop: tuple[Target, Service]) -> None:
    _, service = shop
    before = page(service.get("/"))
    assert before.text.count("not run") == 2
    assert "Nothing was triggered yet." in before.text
    batch_id = service.trigger({"public_id": GOOD}, {"public_id": BAD})
    service.final(batch_id)
    after = page(service.get("/"))
    assert f"{BATCH}?batchResultId={batch_id}" in after.links
    assert {f"{DETAILS}/{GOOD}", f"{DETAILS}/{BAD}"} <= set(after.links)
    assert "passed" in after.text
    assert "2 results" in after.text


def test_each_link_of_the_first_page_leads_somewhere(shop: tuple[Target, Service]) -> None:
    _, service = shop
    service.final(service.trigger({"public_id": GOOD}, {"public_id": BAD}))
    to_see, seen = ["/"], set[str]()
    while to_see:
        path = to_see.pop()
        if path not in seen:
            seen.add(path)
            to_see += [one for one in page(service.get(path)).links if one.startswith("/")]
    assert len(seen) == 6  # itself, a batch, two tests, and the result of each


def test_a_batch_shows_what_failed(shop: tuple[Target, Service]) -> None:
    _, service = shop
    batch_id = service.trigger({"public_id": GOOD}, {"public_id": BAD})
    service.final(batch_id)
    shown = page(service.get(BATCH, batchResultId=batch_id))
    assert "Batch: failed" in shown.text
    assert "is 200" in shown.text
    assert HOSTILE in shown.text


def test_a_batch_that_runs_says_so_and_looks_again(shop: tuple[Target, Service]) -> None:
    target, service = shop
    go_on = threading.Event()

    def slowly(_handler: object) -> tuple[int, dict[str, str], str]:
        go_on.wait(20)
        return 200, {}, ""

    target.routes["/"] = slowly
    batch_id = service.trigger({"public_id": GOOD})
    running = service.get(BATCH, batchResultId=batch_id)
    assert "Still running" in page(running).text
    assert 'http-equiv="refresh"' in running.text
    go_on.set()
    service.final(batch_id)
    assert 'http-equiv="refresh"' not in service.get(BATCH, batchResultId=batch_id).text


@pytest.mark.parametrize("form", ["{}?resultId={}", "{}/result/{}"])
def test_a_result_has_the_address_that_datadog_gives_it(
    shop: tuple[Target, Service], form: str
) -> None:
    _, service = shop
    (entry,) = service.final(service.trigger({"public_id": BAD}))["results"]
    service.final(service.trigger({"public_id": BAD}))
    path = form.format(f"{DETAILS}/{BAD}", entry["result_id"])
    shown = page(service.get(path))
    assert f"result-{entry['result_id']}" in shown.ids
    assert len([one for one in shown.ids if one.startswith("result-")]) == 1


@pytest.mark.parametrize(
    "path",
    [f"{DETAILS}/zzz-zzz-zzz", f"{DETAILS}/{GOOD}?resultId=1", BATCH, f"{BATCH}?batchResultId=b"],
)
def test_what_is_not_there_is_a_404(shop: tuple[Target, Service], path: str) -> None:
    answer = shop[1].get(path)
    assert answer.status_code == 404
    assert len(answer.json()["errors"]) == 1


def test_a_service_of_a_run_has_no_pages(target: Target) -> None:
    with serving(http_test(target.url)) as service:
        assert service.get("/").status_code == 404
