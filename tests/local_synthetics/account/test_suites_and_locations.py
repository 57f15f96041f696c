"""Suites and locations of an account, and how many checks run at once in it."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from datadog_api_client.v1.api.authentication_api import AuthenticationApi
from datadog_api_client.v1.api.synthetics_api import SyntheticsApi
from datadog_api_client.v2.api.synthetics_api import SyntheticsApi as SyntheticsApiV2

from pytest_storedog_gate.local_synthetics.api.admission import Keys
from tests.local_synthetics.account.provided import LOCATION, MEMBER, SUITE, judged, new_suite
from tests.local_synthetics.account.terraform.provider import V1, V2, Provider
from tests.local_synthetics.support.service import (
    DEADLINE,
    Handler,
    Json,
    Target,
    http_test,
    serving,
)

CAP = f"{V2}/settings/on_demand_concurrency_cap"


def test_whose_keys_are_right() -> None:
    with serving(keys=Keys("key-a", "key-b")) as service:
        provider = Provider(service)
        for headers, status in (
            ({"DD-API-KEY": "key-a"}, 200),
            ({"DD-API-KEY": "other"}, 403),
            ({}, 403),
        ):
            service.headers = headers
            assert provider.call("GET", "/api/v1/validate").status_code == status
            assert provider.call("GET", f"{V1}/variables").status_code == 403
        service.headers = {"DD-API-KEY": "key-a", "DD-APPLICATION-KEY": "key-b"}
        assert provider.ask("GET", "/api/v2/validate_keys") == {"status": "ok"}
    with serving() as open_to_all, judged(Provider(open_to_all)) as client:
        api: Any = AuthenticationApi(client)  # type: ignore[no-untyped-call]
        assert api.validate().valid is True


def test_locations_are_names_whoever_gave_them(account: Provider) -> None:
    with judged(account) as client:
        api: Any = SyntheticsApi(client)  # type: ignore[no-untyped-call]
        made = api.create_private_location(LOCATION).private_location
        assert made.id.startswith("pl:office-berlin-")
        ids = {one.id for one in api.list_locations().locations}
        assert {"aws:eu-central-1", "lab:one", made.id} <= ids
        edited = api.update_private_location(made.id, {**LOCATION, "name": "Attic"})
        assert (edited.id, edited.name) == (made.id, "Attic")
        assert api.get_private_location(made.id).name == "Attic"
        api.delete_private_location(made.id)
        assert made.id not in {one.id for one in api.list_locations().locations}
    for method, body in (("GET", None), ("PUT", LOCATION), ("DELETE", None)):
        answer = account.call(method, f"{V1}/private-locations/{made.id}", body)
        assert answer.status_code == 404
    refused = account.call("POST", f"{V1}/private-locations", {**LOCATION, "name": ""})
    assert refused.json() == {"errors": ["name must have minLength 1"]}


def test_a_suite_is_made_run_changed_and_taken_away(account: Provider) -> None:
    with judged(account) as client:
        api: Any = SyntheticsApiV2(client)  # type: ignore[no-untyped-call]
        suite = api.create_synthetics_suite(new_suite(MEMBER)).data
        assert [one.public_id for one in suite.attributes.tests] == [MEMBER]
        batch = account.service.final(account.service.trigger({"public_id": suite.id}))
        assert [one["test_public_id"] for one in batch["results"]] == [MEMBER]
        held = account.call("POST", f"{V1}/tests/delete", {"public_ids": [MEMBER]})
        assert held.json() == {"errors": [f"suite {suite.id} has {MEMBER}"]}
        edited = api.edit_synthetics_suite(suite.id, new_suite(name="Other")).data.attributes
        assert (edited.name, list(edited.tests)) == ("Other", [])
        assert api.get_synthetics_suite(suite.id).data.attributes.name == "Other"
        assert account.service.post({"tests": [{"public_id": suite.id}]}).status_code == 400
        (gone,) = api.delete_synthetics_suites(to_delete(suite.id)).data
        assert gone.id == suite.id
    assert account.call("GET", f"{V2}/suites/{suite.id}").status_code == 404


def to_delete(*public_ids: str) -> Json:
    attributes = {"public_ids": list(public_ids)}
    return {"data": {"type": "delete_suites_request", "attributes": attributes}}


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "reason"),
    [
        ("POST", "", new_suite("zzz-zzz-zzz"), 400, "the service has no test zzz-zzz-zzz"),
        ("POST", "", {"data": {"type": "suites"}}, 400, "data.attributes is missing"),
        ("POST", "", {"data": {"type": "x", "attributes": {}}}, 400, "data.type must be suites"),
        ("PUT", "/zzz-zzz-zzz", new_suite(), 404, "Suite not found"),
        ("PUT", f"/{SUITE}", new_suite(), 400, f"suite {SUITE} is defined in a file"),
        ("POST", "/bulk-delete", to_delete(SUITE), 400, "is defined in a file"),
        ("POST", "/bulk-delete", to_delete("zzz-zzz-zzz"), 404, "Suite not found"),
        ("POST", "/bulk-delete", to_delete(), 400, "public_ids must have minItems 1"),
    ],
)
def test_a_suite_that_is_wrong_is_refused(  # noqa: PLR0917  # what a call is made of
    account: Provider, method: str, path: str, body: Json, status: int, reason: str
) -> None:
    answer = account.call(method, f"{V2}/suites{path}", body)
    assert answer.status_code == status
    assert reason in answer.json()["errors"][0]


def test_as_many_checks_run_at_once_as_the_cap_says(account: Provider, target: Target) -> None:
    held, most, now = threading.Event(), [0], threading.Semaphore(0)
    running: set[int] = set()

    def answer(handler: Handler) -> tuple[int, dict[str, str], str]:
        running.add(id(handler))
        most[0] = max(most[0], len(running))
        now.release()
        held.wait(DEADLINE)
        running.discard(id(handler))
        return 200, {}, ""

    target.routes["/held"] = answer
    with judged(account) as client:
        api: Any = SyntheticsApiV2(client)  # type: ignore[no-untyped-call]
        api.set_on_demand_concurrency_cap({"on_demand_concurrency_cap": 2})
        assert api.get_on_demand_concurrency_cap().data.attributes.on_demand_concurrency_cap == 2
    assert account.ask("GET", f"{V1}/settings") == {"onDemandConcurrencyCap": 2}
    tests = [{"local_test_definition": http_test(f"{target.url}/held")} for _ in range(4)]
    batch = account.service.trigger(*tests)
    for _ in range(2):
        assert now.acquire(timeout=DEADLINE)
    held.set()
    assert account.service.final(batch)["status"] == "passed"
    assert most == [2]
    refused = account.call("POST", CAP, {"on_demand_concurrency_cap": 0})
    assert refused.json() == {"errors": ["on_demand_concurrency_cap must have minimum 1"]}


def test_what_is_no_part_of_synthetics_is_named(account: Provider) -> None:
    answer = account.call("POST", "/api/v1/monitor", {"name": "m"})
    assert (answer.status_code, answer.json()["errors"][0].split(":")[0]) == (
        404,
        "this service has no /api/v1/monitor",
    )
    mobile = account.call("POST", f"{V1}/tests/mobile", {"type": "mobile", "name": "m"})
    assert mobile.json() == {"errors": ["type 'mobile' is not supported here: api, browser are"]}
