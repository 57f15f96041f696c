"""A batch that tells by itself: `Prefer: wait` and `If-None-Match`."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
import requests

from pytest_storedog_gate.local_synthetics.account.database import Store
from pytest_storedog_gate.local_synthetics.api.routes.batches import LONGEST_WAIT
from tests.local_synthetics.running.test_batches import Gate, local
from tests.local_synthetics.support.service import DEADLINE, Service, Target, http_test, serving

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def held(target: Target) -> Gate:
    return Gate(target, "/held")


@pytest.fixture
def asking() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor() as threads:
        yield threads


def ask(service: Service, batch_id: str, *, etag: str = "", prefer: str = "") -> requests.Response:
    return requests.get(
        f"{service.url}/api/v1/synthetics/ci/batch/{batch_id}",
        headers={"If-None-Match": etag, "Prefer": prefer},
        timeout=DEADLINE,
    )


def trigger_held(service: Service, target: Target, *others: str, **options: object) -> str:
    tests = (http_test(f"{target.url}{path}", options=options) for path in ("/held", *others))
    return service.trigger(*map(local, tests))


def test_the_end_of_a_check_is_told_when_it_is_there(
    target: Target, service: Service, held: Gate, asking: ThreadPoolExecutor
) -> None:
    batch_id = trigger_held(service, target)
    first = ask(service, batch_id, prefer="wait=50")
    assert first.json()["data"]["status"] == "in_progress"
    assert first.headers["Preference-Applied"] == "wait=50"
    told = asking.submit(ask, service, batch_id, etag=first.headers["ETag"], prefer="wait=50")
    # The waiting request is one of many: others are answered meanwhile.
    assert held.asked.acquire(timeout=DEADLINE)
    assert service.batch(batch_id)["status"] == "in_progress"
    assert not told.done()
    held.released.set()
    assert told.result().json()["data"]["status"] == "passed"
    assert told.result().headers["Preference-Applied"] == "wait=50"


def test_each_change_of_a_batch_is_told(
    target: Target, service: Service, held: Gate, asking: ThreadPoolExecutor
) -> None:
    later = Gate(target, "/later")
    batch_id = trigger_held(service, target, "/later")
    assert held.asked.acquire(timeout=DEADLINE)
    assert later.asked.acquire(timeout=DEADLINE)
    etag, seen = ask(service, batch_id).headers["ETag"], []
    for gate in (later, held):
        told = asking.submit(ask, service, batch_id, etag=etag, prefer="wait=50")
        gate.released.set()
        etag = told.result().headers["ETag"]
        seen.append([one["status"] for one in told.result().json()["data"]["results"]])
    assert seen == [["in_progress", "passed"], ["passed", "passed"]]


def test_a_retry_and_the_end_of_time_are_changes(
    target: Target, service: Service, asking: ThreadPoolExecutor
) -> None:
    failing = Gate(target, "/held", status=500)
    tests = http_test(f"{target.url}/held", options={"retry": {"count": 1, "interval": 5000}})
    batch_id = service.trigger(local(tests), batch_timeout=1500)
    etag = ask(service, batch_id).headers["ETag"]
    told = asking.submit(ask, service, batch_id, etag=etag, prefer="wait=50")
    failing.released.set()
    (entry,) = told.result().json()["data"]["results"]
    assert (entry["status"], entry["retries"]) == ("in_progress", 0)
    ended = ask(service, batch_id, etag=told.result().headers["ETag"], prefer="wait=50")
    (entry,) = ended.json()["data"]["results"]
    assert (entry["status"], entry["timed_out"]) == ("failed", True)


def test_what_happened_between_two_requests_is_told_at_once(
    target: Target, service: Service, held: Gate
) -> None:
    batch_id = trigger_held(service, target)
    etag = ask(service, batch_id).headers["ETag"]
    held.released.set()
    service.final(batch_id)
    started = time.monotonic()
    late = ask(service, batch_id, etag=etag, prefer="wait=50")
    assert late.json()["data"]["status"] == "passed"
    # Nothing can change any more: nobody waits.
    again = ask(service, batch_id, etag=late.headers["ETag"], prefer="wait=50")
    assert (again.status_code, again.text) == (304, "")
    assert again.headers["ETag"] == late.headers["ETag"]
    assert time.monotonic() - started < 10


@pytest.mark.parametrize(
    ("prefer", "applied"),
    [
        ("wait=1", "wait=1"),
        ('respond-async, WAIT = "1"; foo=bar, wait=30', "wait=1"),
        ("wait=0", "wait=0"),
        ("", None),
        ("wait=-1", None),
        ("wait=soon, wait", None),
        ("waiting=9", None),
    ],
)
def test_without_news_the_wait_is_what_was_preferred(
    target: Target, service: Service, held: Gate, prefer: str, applied: str | None
) -> None:
    batch_id = trigger_held(service, target)
    etag = ask(service, batch_id).headers["ETag"]
    started = time.monotonic()
    answer = ask(service, batch_id, etag=etag, prefer=prefer)
    assert answer.headers.get("Preference-Applied") == applied
    assert answer.status_code == 304
    assert (time.monotonic() - started > 0.9) == (applied == "wait=1")
    held.released.set()


def test_a_longer_wait_is_not_granted(target: Target, service: Service) -> None:
    batch_id = service.trigger(local(http_test(target.url)))
    answer = ask(service, batch_id, prefer="wait=999999999")
    assert answer.headers["Preference-Applied"] == f"wait={LONGEST_WAIT}"


def test_a_batch_that_is_not_there_is_not_waited_for(service: Service) -> None:
    assert ask(service, "none", etag='"x"', prefer="wait=50").status_code == 404


def test_a_batch_of_an_earlier_service_is_not_waited_for(target: Target, tmp_path: object) -> None:
    with serving(store=Store(f"{tmp_path}/kept")) as service:
        batch_id = service.trigger(local(http_test(target.url)))
        service.final(batch_id)
        etag = ask(service, batch_id).headers["ETag"]
    with serving(store=Store(f"{tmp_path}/kept")) as service:
        assert ask(service, batch_id, etag=etag, prefer="wait=50").status_code == 304
