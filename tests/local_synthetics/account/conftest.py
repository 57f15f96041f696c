"""Services whose accounts clients change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from datadog_api_client import ApiClient, Configuration

from pytest_storedog_gate.local_synthetics.api.admission import Keys
from tests.local_synthetics.account.changes import IN_FILE, IN_SUITE, PLAYED, PLAYS
from tests.local_synthetics.account.provided import GIVEN, MEMBER, SUITE
from tests.local_synthetics.account.terraform.provider import Provider
from tests.local_synthetics.support.service import (
    Json,
    Service,
    Target,
    http_test,
    serving,
    targeting,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def account() -> Iterator[Provider]:
    """A service with one test, one suite of a file and two variables given at its start."""
    suite = {"type": "suites", "id": SUITE, "attributes": {"name": "s", "tests": []}}
    test = {**http_test("http://127.0.0.1:1/"), "public_id": MEMBER, "locations": ["lab:one"]}
    with serving(test, suites=[{"data": suite}], known_globals=GIVEN) as service:
        yield Provider(service)


@pytest.fixture(scope="module")
def shop() -> Iterator[tuple[Target, Service]]:
    """A target, and a service that wants keys."""
    plays: Json = http_test("http://127.0.0.1:1")
    plays |= {"public_id": PLAYS, "subtype": "multi"}
    plays["config"] = {"steps": [{"subtype": "playSubTest", "subtestPublicId": PLAYED}]}
    suite = {"name": "s", "tests": [{"public_id": IN_SUITE}]}
    with targeting() as target:
        target.answer("/bad", status=500, body="no")
        tests = [{**http_test(target.url), "public_id": one} for one in (IN_FILE, PLAYED, IN_SUITE)]
        suites = [{"data": {"type": "suites", "id": "sss-sss-sss", "attributes": suite}}]
        keys = Keys("key-a", "key-b")
        with serving(*tests, plays, suites=suites, keys=keys) as service:
            service.headers = {"DD-API-KEY": "key-a", "DD-APPLICATION-KEY": "key-b"}
            yield target, service


@pytest.fixture(scope="module")
def judge(shop: tuple[Target, Service]) -> Iterator[ApiClient]:
    """Datadog's client for Python, which checks what it is answered."""
    configuration = Configuration(host=shop[1].url)  # type: ignore[no-untyped-call]
    configuration.api_key = {"apiKeyAuth": "key-a", "appKeyAuth": "key-b"}
    with ApiClient(configuration) as client:
        yield client
