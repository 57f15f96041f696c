"""The local service's answers against the published description of the v1 API."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from tests.local_synthetics.account.terraform.provider import Provider
from tests.local_synthetics.support.service import DEADLINE, http_test, serving, targeting
from tests.published.data import needs_published
from tests.published.openapi import DISAGREEMENTS, Description

if TYPE_CHECKING:
    from tests.local_synthetics.support.service import Json, Service

pytestmark = needs_published
V1 = "/api/v1/synthetics"
METADATA = {
    "ci": {
        "pipeline": {"url": "https://drone.example.com/shop/77", "number": 77},
        "provider": {"name": "drone"},
    },
    "git": {"branch": "main", "commit": {"sha": "0123456789abcdef0123456789abcdef01234567"}},
}


@pytest.fixture(scope="module")
def answers() -> dict[str, list[tuple[str, Any]]]:
    """What the service answers in the life of a batch: each answer, and its schema's name."""
    held = threading.Event()
    with targeting() as target:
        target.routes["/held"] = lambda _: ((held.wait(DEADLINE) and 200) or 500, {}, "")
        target.answer("/bad", status=500)
        waiting = http_test(f"{target.url}/held")
        failing = http_test(f"{target.url}/bad", options={"ci": {"executionRule": "non_blocking"}})
        skipped = http_test(target.url, options={"ci": {"executionRule": "skipped"}})
        refused = {**http_test("http://127.0.0.1:1"), "type": "browser", "steps": []}
        refused["options"] = {"device_ids": ["chrome.laptop_large", "chrome.tablet"]}
        with serving(waiting, failing, skipped, refused) as service:
            running = _trigger(service, [waiting, failing, skipped, refused])
            answer = service.get(f"{V1}/ci/batch/{running['batch_id']}").json()
            held.set()
            final = service.final(running["batch_id"])
            results = _results(service, final)
            (browser_result, *_) = service.get(
                f"{V1}/tests/browser/{refused['public_id']}/results"
            ).json()["results"]
            unknown = service.post({"tests": [{"public_id": "zzz-zzz-zzz"}]}).json()
            return {
                "trigger": [("SyntheticsTriggerCITestsResponse", running)],
                "running batch": [("SyntheticsBatchDetails", answer)],
                "final batch": [("SyntheticsBatchDetails", {"data": final})],
                "test": [
                    (
                        "SyntheticsTestDetailsWithoutSteps",
                        service.get(f"{V1}/tests/{one['public_id']}").json(),
                    )
                    for one in (waiting, refused)
                ],
                "latest results": [
                    (schema, service.get(f"{V1}/tests/{path}/results").json())
                    for path, schema in (
                        (failing["public_id"], "SyntheticsGetAPITestLatestResultsResponse"),
                        (
                            f"browser/{refused['public_id']}",
                            "SyntheticsGetBrowserTestLatestResultsResponse",
                        ),
                    )
                ],
                "refused browser test": [
                    (
                        "SyntheticsBrowserTestResultFull",
                        service.get(
                            f"{V1}/tests/browser/{refused['public_id']}/results/"
                            f"{browser_result['result_id']}"
                        ).json(),
                    )
                ],
                "search": [
                    (
                        "SyntheticsListTestsResponse",
                        service.get(f"{V1}/tests/search", include_full_config=full).json(),
                    )
                    for full in ("true", "false")
                ],
                "error": [
                    ("APIErrorResponse", unknown),
                    ("APIErrorResponse", service.get(f"{V1}/ci/batch/none").json()),
                ],
                "timings": [("SyntheticsTiming", one["timings"]) for one in results],
                "failure": [
                    ("SyntheticsApiTestResultFailure", one["failure"])
                    for one in results
                    if "failure" in one
                ],
            }


def test_answers_about_the_account_are_as_described() -> None:
    description = Description()
    value = {"value": "v", "secure": True}
    body = {"name": "API_TOKEN", "description": "", "tags": [], "value": value}
    with serving() as service:
        account = Provider(service)
        variable = account.ask("POST", f"{V1}/variables", body)
        location = account.ask(
            "POST", f"{V1}/private-locations", {"name": "n", "description": "", "tags": []}
        )
        for schema, answer in (
            ("SyntheticsGlobalVariable", variable),
            ("SyntheticsListGlobalVariablesResponse", account.ask("GET", f"{V1}/variables")),
            ("SyntheticsPrivateLocationCreationResponse", location),
            ("SyntheticsLocations", account.ask("GET", f"{V1}/locations")),
        ):
            assert description.faults(schema, answer) == []


def _trigger(service: Service, definitions: list[Json]) -> Any:
    tests = [{"public_id": one["public_id"]} for one in definitions]
    return service.post({"tests": tests, "metadata": METADATA}).json()


def _results(service: Service, batch: Json) -> list[Json]:
    ids = [one["result_id"] for one in batch["results"] if "result_id" in one]
    return [datum["attributes"]["result"] for datum in service.poll(*ids)["data"]]


@pytest.mark.parametrize(
    "name",
    [
        "trigger",
        "running batch",
        "final batch",
        "test",
        "latest results",
        "refused browser test",
        "search",
        "error",
        "timings",
        "failure",
    ],
)
def test_answers_are_as_described(answers: dict[str, list[tuple[str, Any]]], name: str) -> None:
    assert answers[name]
    description = Description()
    for schema, answer in answers[name]:
        assert description.faults(schema, answer) == []


@pytest.mark.parametrize("name", list(DISAGREEMENTS))
def test_each_disagreement_is_one(answers: dict[str, list[tuple[str, Any]]], name: str) -> None:
    description = Description(other for other in DISAGREEMENTS if other != name)
    kinds = [answers["running batch"], answers["refused browser test"]]
    assert any(description.faults(schema, answer) for ((schema, answer),) in kinds)
