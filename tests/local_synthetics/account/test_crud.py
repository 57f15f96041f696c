"""Tests and results by the API; the judge is Datadog's own client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datadog_api_client.v1.api.synthetics_api import SyntheticsApi
from datadog_api_client.v2.api.synthetics_api import SyntheticsApi as SyntheticsApiV2

from tests.local_synthetics.account.changes import IN_FILE, body_of, browser_body, call, run
from tests.local_synthetics.support.browser_tests import step
from tests.local_synthetics.support.service import (
    Service,
    Target,
    until,
)
from tests.published.data import needs_published
from tests.published.openapi import Description

if TYPE_CHECKING:
    from datadog_api_client import ApiClient


def test_datadogs_client_makes_runs_and_deletes_a_test(
    shop: tuple[Target, Service], judge: ApiClient
) -> None:
    target, service = shop
    # Any: it takes objects where its types want its own models.
    api: Any = SyntheticsApi(judge)  # type: ignore[no-untyped-call]
    api_v2: Any = SyntheticsApiV2(judge)  # type: ignore[no-untyped-call]
    made = api.create_synthetics_api_test(body_of(f"{target.url}/bad"))
    assert (made.name, str(made.status)) == ("discounts: list", "live")
    public_id = made.public_id
    assert api.get_api_test(public_id).name == made.name
    assert public_id in [one.public_id for one in api.list_tests().tests]

    triggered = api.trigger_tests({"tests": [{"public_id": public_id}]})
    assert triggered.triggered_check_ids == [public_id]
    (result_id,) = [one.result_id for one in triggered.results]
    until(lambda: service.result(result_id).get("finished_at"), "the result")
    (short,) = api.get_api_test_latest_results(public_id).results
    assert (short.result_id, short.result.passed, short.status.value) == (result_id, False, 1)
    full = api.get_api_test_result(public_id, result_id)
    assert full.result.http_status_code == 500
    assert full.result.response_body == "no"
    assert str(full.result.failure.code) == "INCORRECT_ASSERTION"
    (summary,) = api_v2.list_synthetics_test_latest_results(public_id).data
    assert (str(summary.attributes.status), str(summary.attributes.run_type)) == (
        "failed",
        "triggered",
    )
    found = api_v2.get_synthetics_test_result(public_id, result_id).data
    assert found.attributes.result.response.status_code == 500

    edited = api.update_api_test(public_id, body_of(target.url, name="edited"))
    assert edited.name == "edited"
    assert api.update_test_pause_status(public_id, {"new_status": "paused"})
    assert str(api.get_test(public_id).status) == "paused"
    run(service, public_id)
    shown = [one.result.passed for one in api.get_api_test_latest_results(public_id).results]
    assert shown == [True, False]

    deleted = api.delete_tests({"public_ids": [public_id]}).deleted_tests
    assert [one.public_id for one in deleted] == [public_id]
    assert call(service, "GET", f"/{public_id}").status_code == 404


def test_datadogs_client_makes_edits_and_deletes_a_browser_test(
    shop: tuple[Target, Service], judge: ApiClient
) -> None:
    target, service = shop
    api: Any = SyntheticsApi(judge)  # type: ignore[no-untyped-call]
    made = api.create_synthetics_browser_test(browser_body(target.url))
    assert (made.name, str(made.status), str(made.type)) == ("kennel", "live", "browser")
    public_id = made.public_id
    kinds = [str(one.type) for one in api.get_browser_test(public_id).steps]
    assert kinds == ["assertElementContent", "refresh"]
    assert api.get_browser_test_latest_results(public_id).results == []

    edited = api.update_browser_test(public_id, browser_body(target.url, name="edited"))
    assert (edited.public_id, edited.name, len(edited.steps)) == (public_id, "edited", 2)
    operations = [
        {"op": "replace", "path": "/name", "value": "patched"},
        {"op": "remove", "path": "/steps/1"},
    ]
    assert api.patch_test(public_id, {"data": operations}).name == "patched"
    assert [one.name for one in api.get_browser_test(public_id).steps] == ["assertElementContent"]
    # Without its type in the path, a test has no steps.
    path = f"/{public_id}"
    assert "steps" not in call(service, "GET", path).json()
    whole = {**call(service, "GET", path).json(), "name": "put"}
    assert call(service, "PUT", path, whole).status_code == 200
    kept = api.get_browser_test(public_id)
    assert (kept.name, len(kept.steps)) == ("put", 1)

    deleted = api.delete_tests({"public_ids": [public_id]}).deleted_tests
    assert [one.public_id for one in deleted] == [public_id]
    assert call(service, "GET", path).status_code == 404


def test_an_edit_by_a_patch_is_the_test_that_is_run(
    shop: tuple[Target, Service], judge: ApiClient
) -> None:
    target, service = shop
    api: Any = SyntheticsApi(judge)  # type: ignore[no-untyped-call]
    body = body_of(f"{target.url}/bad")
    body["config"]["request"]["headers"] = {"Authorization": "Bearer sesame", "X-A": "a"}
    public_id = api.create_synthetics_api_test(body).public_id
    operations = [
        {"op": "test", "path": "/config/request/headers/X-A", "value": "a"},
        {"op": "replace", "path": "/config/request/url", "value": target.url},
        {"op": "add", "path": "/tags/-", "value": "patched"},
    ]
    assert api.patch_test(public_id, {"data": operations}).tags == ["patched"]
    assert service.result(run(service, public_id))["status"] == "passed"
    assert target.requests[-1]["headers"]["authorization"] == "Bearer sesame"


@needs_published
def test_answers_are_as_described(shop: tuple[Target, Service]) -> None:
    service = shop[1]
    triggered = call(service, "POST", "/trigger", {"tests": [{"public_id": IN_FILE}]}).json()
    result_id = run(service, IN_FILE)
    made = call(service, "POST", "/api", body_of("http://127.0.0.1:1")).json()
    operations = [{"op": "replace", "path": "/name", "value": "patched"}]
    patched = call(service, "PATCH", f"/{made['public_id']}", {"data": operations}).json()
    browser = call(service, "POST", "/browser", browser_body("http://127.0.0.1:1")).json()
    steps = [step("refresh")]  # asserts nothing
    body = browser_body("http://127.0.0.1:1", steps=steps)
    refused = call(service, "POST", "/browser", body).json()["public_id"]
    refusal = run(service, refused)
    deleted = call(service, "POST", "/delete", {"public_ids": [made["public_id"]]}).json()
    answers = {
        "SyntheticsTriggerCITestsResponse": triggered,
        "SyntheticsAPITest": made,
        "SyntheticsBrowserTest": browser,
        "SyntheticsTestDetails": patched,
        "SyntheticsGetBrowserTestLatestResultsResponse": call(
            service, "GET", f"/browser/{refused}/results"
        ).json(),
        "SyntheticsBrowserTestResultFull": call(
            service, "GET", f"/browser/{refused}/results/{refusal}"
        ).json(),
        "SyntheticsDeleteTestsResponse": deleted,
        "SyntheticsListTestsResponse": call(service, "GET", "").json(),
        "SyntheticsGetAPITestLatestResultsResponse": call(
            service, "GET", f"/{IN_FILE}/results"
        ).json(),
        "SyntheticsAPITestResultFull": call(
            service, "GET", f"/{IN_FILE}/results/{result_id}"
        ).json(),
    }
    description = Description()
    for schema, answer in answers.items():
        assert description.faults(schema, answer) == [], schema


def test_a_test_that_is_skipped_in_ci_is_run_by_hand(shop: tuple[Target, Service]) -> None:
    target, service = shop
    options = {"ci": {"executionRule": "skipped"}}
    made = call(service, "POST", "/api", body_of(target.url, options=options)).json()
    assert service.result(run(service, made["public_id"]))["status"] == "passed"


def test_an_edited_test_has_no_versions(shop: tuple[Target, Service]) -> None:
    target, service = shop
    made = call(service, "POST", "/api", body_of(target.url)).json()["public_id"]
    test = {"tests": [{"public_id": made, "version": 1}]}
    assert service.post(test).status_code == 200
    assert call(service, "PUT", f"/api/{made}", body_of(target.url)).status_code == 200
    answer = service.post(test)
    assert (answer.status_code, "was edited" in answer.text) == (400, True)
    version = service.get(f"/api/v2/synthetics/tests/{made}/version_history/1")
    assert version.status_code == 404


def test_pages_of_the_list(shop: tuple[Target, Service]) -> None:
    service = shop[1]
    everything = call(service, "GET", "").json()["tests"]
    pages = [
        call(service, "GET", f"?page_size=3&page_number={number}").json()["tests"]
        for number in range(2)
    ]
    assert [*pages[0], *pages[1]] == everything[:6]
    assert len(pages[0]) == 3


def test_results_are_filtered(shop: tuple[Target, Service]) -> None:
    service = shop[1]
    run(service, IN_FILE)
    for query, some in (
        ("probe_dc=aws:eu-central-1", True),
        ("probe_dc=elsewhere", False),
        ("status=failed", False),
        ("from_ts=9999999999999", False),
        ("to_ts=9999999999999", True),
    ):
        found = call(service, "GET", f"/{IN_FILE}/results?{query}").json()["results"]
        assert bool(found) is some, query


def test_nothing_is_changed_without_the_keys(shop: tuple[Target, Service]) -> None:
    with Service(shop[1].url) as service:
        for method, path in (
            ("POST", "/api"),
            ("POST", "/browser"),
            ("PUT", f"/api/{IN_FILE}"),
            ("PUT", f"/{IN_FILE}"),
            ("PATCH", f"/{IN_FILE}"),
            ("POST", "/delete"),
            ("PUT", f"/{IN_FILE}/status"),
            ("POST", "/trigger"),
            ("GET", f"/{IN_FILE}/results"),
        ):
            assert call(service, method, path, {}).status_code == 403
