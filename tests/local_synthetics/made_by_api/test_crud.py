"""Tests and results by the API; the judge is Datadog's own client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests
from datadog_api_client import ApiClient, Configuration
from datadog_api_client.v1.api.synthetics_api import SyntheticsApi
from datadog_api_client.v2.api.synthetics_api import SyntheticsApi as SyntheticsApiV2

from pytest_storedog_gate.local_synthetics.api.admission import Keys
from tests.local_synthetics.kinds.browser.conftest import browser_test, says, step
from tests.local_synthetics.support import (
    DEADLINE,
    Json,
    Service,
    Target,
    http_test,
    serving,
    targeting,
    until,
)
from tests.published.data import needs_published
from tests.published.openapi import Description

if TYPE_CHECKING:
    from collections.abc import Iterator

V1 = "/api/v1/synthetics/tests"
BASIC = "Basic YW5uOmtleQ=="  # ann:key
IN_FILE, PLAYED, PLAYS, IN_SUITE = "aaa-aaa-aaa", "bbb-bbb-bbb", "ccc-ccc-ccc", "ddd-ddd-ddd"


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


def call(service: Service, method: str, path: str, body: Any = None) -> requests.Response:
    return requests.request(
        method, f"{service.url}{V1}{path}", json=body, headers=service.headers, timeout=DEADLINE
    )


def body_of(url: str, **changes: Any) -> Json:
    test = {**http_test(url), "message": "", **changes}
    del test["public_id"]
    return test


def run(service: Service, public_id: str) -> str:
    """The ID of a result that has ended, of a test that was triggered by hand."""
    answer = call(service, "POST", "/trigger", {"tests": [{"public_id": public_id}]}).json()
    (result,) = answer["results"]
    until(lambda: service.result(result["result_id"]).get("finished_at"), "the result")
    return str(result["result_id"])


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


def browser_body(url: str, **changes: Any) -> Json:
    test = {**browser_test(url, says("hello"), step("refresh")), "message": "", **changes}
    del test["public_id"]
    return test


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


def test_a_secure_value_is_kept_by_an_edit_and_never_shown(shop: tuple[Target, Service]) -> None:
    target, service = shop
    variable = {"name": "TOKEN", "type": "text", "secure": True}
    body = body_of(target.url, name="secretive")
    body["config"]["request"]["headers"] = {"X-Said": "{{ TOKEN }}"}
    body["config"]["configVariables"] = [{**variable, "pattern": "sesame"}]
    made = call(service, "POST", "/api", body)
    public_id = made.json()["public_id"]
    body["config"]["configVariables"] = [variable]
    edited = call(service, "PUT", f"/api/{public_id}", body)
    result_id = run(service, public_id)
    assert target.requests[-1]["headers"]["x-said"] == "sesame"
    result = call(service, "GET", f"/{public_id}/results/{result_id}")
    assert result.status_code == 200
    assert "sesame" not in made.text + edited.text + result.text


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


@pytest.mark.parametrize("path", ["/api/{}", "/{}"])
def test_what_comes_back_as_it_was_shown_keeps_its_secrets(
    shop: tuple[Target, Service], path: str
) -> None:
    target, service = shop
    body = body_of(target.url)
    body["config"]["request"] |= {
        "headers": {"X-Api-Key": "sesame", "X-Said": "{{ TOKEN }}"},
        "url": target.url.replace("//", "//ann:key@"),
    }
    variable = {"name": "TOKEN", "type": "text", "secure": True, "pattern": "open"}
    body["config"]["configVariables"] = [variable]
    public_id = call(service, "POST", "/api", body).json()["public_id"]
    shown = call(service, "GET", path.format(public_id)).json()
    added = {"name": "PLAIN", "type": "text", "pattern": "plain"}
    shown["config"]["configVariables"].insert(0, added)
    shown["config"]["request"]["headers"]["X-Plain"] = "{{ PLAIN }}"
    edited = call(service, "PUT", path.format(public_id), shown)
    assert edited.status_code == 200, edited.text
    run(service, public_id)
    headers = target.requests[-1]["headers"]
    assert (headers["x-api-key"], headers["x-said"]) == ("sesame", "open")
    assert (headers["authorization"], headers["x-plain"]) == (BASIC, "plain")


def test_credentials_in_a_step_of_a_browser_test_are_never_shown(
    shop: tuple[Target, Service],
) -> None:
    service = shop[1]
    headers = {"Authorization": "Bearer sesame"}
    request = {"method": "GET", "url": "http://ann:sesame@h", "headers": headers}
    asks = step("runApiTest", request={"subtype": "http", "config": {"request": request}})
    made = call(service, "POST", "/browser", browser_body("http://h", steps=[says("x"), asks]))
    path = f"/browser/{made.json()['public_id']}"
    shown, file = call(service, "GET", path), call(service, "GET", f"{path}?format=ltd")
    edited = call(service, "PUT", path, {**shown.json(), "name": "edited"})
    assert [one.status_code for one in (made, shown, file, edited)] == [200] * 4
    assert "sesame" not in made.text + shown.text + file.text + edited.text
    variables = file.json()["config"]["configVariables"]
    assert [one["name"] for one in variables] == ["AUTHORIZATION", "URL_CREDENTIALS"]


def test_a_variable_that_shall_not_be_secure_any_more_loses_its_value(
    shop: tuple[Target, Service],
) -> None:
    service = shop[1]
    body = body_of("http://127.0.0.1:1")
    variable = {"name": "TOKEN", "type": "text", "secure": True, "pattern": "sesame"}
    body["config"]["configVariables"] = [variable]
    public_id = call(service, "POST", "/api", body).json()["public_id"]
    operations = [{"op": "replace", "path": "/config/configVariables/0/secure", "value": False}]
    patched = call(service, "PATCH", f"/{public_id}", {"data": operations})
    assert patched.json()["config"]["configVariables"] == [
        {"name": "TOKEN", "type": "text", "secure": False}
    ]


def test_a_secret_cannot_be_copied_to_where_it_is_shown(shop: tuple[Target, Service]) -> None:
    service = shop[1]
    body = body_of("http://127.0.0.1:1")
    body["config"]["request"]["basicAuth"] = {"username": "ann", "password": "sesame"}
    public_id = call(service, "POST", "/api", body).json()["public_id"]
    secret = "/config/request/basicAuth/password"
    operations = [{"op": "copy", "from": secret, "path": "/message"}]
    patched = call(service, "PATCH", f"/{public_id}", {"data": operations})
    assert (patched.status_code, "secret" in patched.text) == (400, True)


GOOD = body_of("http://127.0.0.1:1")


def patch(*operations: Json) -> Json:
    return {"data": list(operations)}


@pytest.mark.parametrize(
    ("wanted", "body", "status", "named"),
    [
        ("POST /api", browser_body("http://h"), 400, "type must be api here, not browser"),
        ("POST /browser", GOOD, 400, "type must be browser here, not api"),
        ("POST /browser", browser_body("http://h", steps=[1]), 400, "steps"),
        ("POST /mobile", {**GOOD, "type": "mobile"}, 400, "'mobile' is not supported"),
        ("POST /api", {**GOOD, "locations": []}, 400, "locations"),
        ("POST /api", {**GOOD, "config": 1}, 400, "config"),
        ("POST /api", {**GOOD, "status": "gone"}, 400, "status"),
        ("POST /api", {**GOOD, "message": "********"}, 400, "secret"),
        ("POST /api", {"name": "x"}, 400, "type is missing"),
        ("POST /api", [], 400, "JSON object"),
        ("PUT /api/zzz-zzz-zzz", GOOD, 404, "not found"),
        (f"PUT /api/{IN_FILE}", {**GOOD, "subtype": "ssl"}, 400, "subtype"),
        (f"PUT /browser/{IN_FILE}", GOOD, 404, "not found"),
        ("PUT /zzz-zzz-zzz", GOOD, 404, "not found"),
        (f"PUT /{IN_FILE}", {**GOOD, "type": "browser"}, 400, "type"),
        (f"PUT /{IN_FILE}", {**GOOD, "message": "********"}, 400, "secret"),
        ("PATCH /zzz-zzz-zzz", patch({"op": "remove", "path": "/name"}), 404, "not found"),
        (f"PATCH /{IN_FILE}", {"data": []}, 400, "at least one operation"),
        (f"PATCH /{IN_FILE}", patch({"op": "addne", "path": "/x", "value": 1}), 400, "op must"),
        (f"PATCH /{IN_FILE}", patch({"op": "remove", "path": "/none"}), 400, "data[0]: remove"),
        (f"PATCH /{IN_FILE}", patch({"op": "remove", "path": "name"}), 400, "slash"),
        (f"PATCH /{IN_FILE}", patch({"op": "remove", "path": "/name"}), 400, "name is missing"),
        (f"PATCH /{IN_FILE}", patch({"op": "replace", "path": "", "value": 1}), 400, "object"),
        (
            f"PATCH /{IN_FILE}",
            patch(*[{"op": "copy", "from": "", "path": f"/x{number}"} for number in range(99)]),
            400,
            "too large",
        ),
        (
            f"PATCH /{IN_FILE}",
            patch(
                {"op": "replace", "path": "/name", "value": "x"},
                {"op": "test", "path": "/name", "value": "y"},
            ),
            400,
            "data[1]: test",
        ),
        (f"PUT /{IN_FILE}/status", {"new_status": "gone"}, 400, "live, paused"),
        ("PUT /zzz-zzz-zzz/status", {"new_status": "live"}, 404, "not found"),
        ("POST /delete", {"public_ids": [IN_FILE, "zzz-zzz-zzz"]}, 404, "not found"),
        ("POST /delete", {"public_ids": []}, 400, "at least one"),
        ("POST /delete", {"public_ids": [PLAYED]}, 400, f"test {PLAYS} plays {PLAYED}"),
        ("POST /delete", {"public_ids": [IN_SUITE]}, 400, "suite sss-sss-sss"),
        ("POST /trigger", {"tests": []}, 400, "at least one"),
        ("POST /trigger", {"tests": [{"public_id": "zzz-zzz-zzz"}]}, 400, "public IDs"),
        ("POST /trigger", {"tests": [{"public_id": IN_FILE, "startUrl": ""}]}, 400, "public IDs"),
        ("GET /zzz-zzz-zzz/results", None, 404, "not found"),
        (f"GET /{IN_FILE}/results/1", None, 404, "Result"),
        (f"GET /{IN_FILE}/results?from_ts=x", None, 400, "from_ts"),
        (f"GET /browser/{IN_FILE}", None, 404, "not found"),
        (f"GET /browser/{IN_FILE}/results", None, 404, "not found"),
    ],
)
def test_what_cannot_be_done_changes_nothing(
    shop: tuple[Target, Service], wanted: str, body: Any, status: int, named: str
) -> None:
    service = shop[1]
    before = call(service, "GET", "").json()
    method, path = wanted.split()
    answer = call(service, method, path, body)
    assert answer.status_code == status
    assert named in answer.json()["errors"][0]
    assert call(service, "GET", "").json() == before


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
    service = Service(shop[1].url)
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
