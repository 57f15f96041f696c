"""Exchanges recorded from the real API, replayed to the client, the models and the service."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.datadog.calling.endpoint import Endpoint
from pytest_storedog_gate.datadog.calling.keys import Keys
from pytest_storedog_gate.datadog.client import SyntheticsClient
from pytest_storedog_gate.errors import NoVerdict
from tests.local_synthetics.support.service import serving, targeting
from tests.published.data import needs_published
from tests.published.recordings import RECORDED, SUITES, TESTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.local_synthetics.support.service import Json, Target


pytestmark = needs_published
V1 = "/api/v1/synthetics"


@pytest.fixture
def datadog() -> Iterator[Target]:
    """Stands for Datadog's servers, with recorded answers."""
    with targeting() as running:
        yield running


@pytest.fixture
def client(datadog: Target) -> Iterator[SyntheticsClient]:
    client = SyntheticsClient(Endpoint.of_url(datadog.url), Keys("a", "b"))
    yield client
    client.close()


def test_every_kind_of_call_is_there() -> None:
    assert all(RECORDED.values())


@pytest.mark.parametrize("number", range(len(TESTS)))
def test_a_test_is_read(datadog: Target, client: SyntheticsClient, number: int) -> None:
    recorded = TESTS[number]
    public_id = recorded["public_id"]
    datadog.answer_json(f"{V1}/tests/{public_id}", recorded)
    check = client.check(public_id)
    assert check is not None
    assert (check.public_id, check.name) == (public_id, recorded["name"])
    rule = recorded["options"].get("ci", {}).get("executionRule", "blocking")
    assert check.execution_rule == rule


def test_every_test_is_loaded_and_given_back() -> None:
    latest = {test["public_id"]: test for test in TESTS}  # a test and its edited form have one ID
    with serving(*latest.values()) as service:
        for public_id, recorded in latest.items():
            given = service.get(f"{V1}/tests/{recorded['type']}/{public_id}").json()
            assert given.keys() == recorded.keys()
            assert given["options"] == recorded["options"]


def test_a_trigger_outside_of_ci_starts_no_batch(datadog: Target, client: SyntheticsClient) -> None:
    (recorded,) = RECORDED["trigger"]
    datadog.answer_json(f"{V1}/tests/trigger/ci", recorded)
    with pytest.raises(NoVerdict, match="batch_id"):
        client.trigger([{"public_id": recorded["triggered_check_ids"][0]}], batch_timeout=30)


def test_the_locations_of_a_trigger_are_read(datadog: Target, client: SyntheticsClient) -> None:
    (recorded,) = RECORDED["trigger"]
    datadog.answer_json(f"{V1}/tests/trigger/ci", {**recorded, "batch_id": "b"})
    triggered = client.trigger([{"public_id": "abc-def-ghi"}], batch_timeout=30)
    assert triggered.locations == {"aws:us-east-2": "Ohio (AWS)"}


def test_recorded_suites_are_known_by_their_ids(client: SyntheticsClient, datadog: Target) -> None:
    (recorded,) = RECORDED["suites"]
    datadog.answer_json("/api/v2/synthetics/suites/search", recorded)
    assert client.suites() == frozenset(suite["public_id"] for suite in SUITES)


def test_a_suite_is_served_as_it_was_recorded() -> None:
    """The search flattens what `GET /suites/{id}` has under `data.attributes`."""
    documents: list[Json] = [
        {"data": {"type": "suites", "id": suite["public_id"], "attributes": suite}}
        for suite in SUITES
    ]
    assert documents
    with serving(suites=documents) as service:
        for document in documents:
            path = f"/api/v2/synthetics/suites/{document['data']['id']}"
            assert service.get(path).json() == document
