"""The HTTP API around the checks: lookup, search, errors, keys."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pytest_storedog_gate.local_synthetics.api.admission import Keys
from tests.local_synthetics.support.service import Service, Target, http_test, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

V1, V2 = "/api/v1/synthetics", "/api/v2/synthetics"


@pytest.fixture(scope="module")
def shop() -> Iterator[Service]:
    """A service with two definitions."""
    variables = [{"name": "T", "type": "text", "pattern": "topsecret", "secure": True}]
    lists = http_test(
        "http://dog:hunter22@127.0.0.1/",
        basicAuth={"type": "web", "username": "dog", "password": "hunter22"},
        headers={"Authorization": "Bearer hunter22"},
        config={"configVariables": variables},
    )
    codes = http_test("http://127.0.0.1/")
    with serving(
        {**lists, "public_id": "aaa-aaa-aaa", "tags": ["service:discounts", "smoke"]},
        {**codes, "public_id": "bbb-bbb-bbb", "name": "discounts: code", "tags": ["smoke"]},
        concurrency=3,
    ) as service:
        yield service


def test_settings(shop: Service) -> None:
    assert shop.get(f"{V1}/settings").json() == {"onDemandConcurrencyCap": 3}


def test_a_test_is_shown_without_its_secrets(shop: Service) -> None:
    answer = shop.get(f"{V1}/tests/aaa-aaa-aaa")
    shown = answer.json()
    assert answer.headers["content-type"] == "application/json"
    assert (shown["public_id"], shown["type"], shown["subtype"]) == ("aaa-aaa-aaa", "api", "http")
    assert shown["config"]["configVariables"] == [{"name": "T", "type": "text", "secure": True}]
    assert "hunter22" not in answer.text
    assert "topsecret" not in answer.text


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "ab"),
        ("tag:smoke", "ab"),
        ("tag:service:discounts", "a"),
        ('tag:"service:discounts"', "a"),
        ("tag:smok", ""),
        ("CODE", "b"),
        ('"discounts: code"', "b"),
        ("type:api", "ab"),
        ("type:browser", ""),
        ("subtype:http  tag:smoke list", "a"),
    ],
)
def test_search(shop: Service, text: str, found: str) -> None:
    answer = shop.get(f"{V1}/tests/search", text=text, count="1001").json()
    assert [one["public_id"][0] for one in answer["tests"]] == list(found)
    assert answer["total"] == len(found)


def test_search_pages(shop: Service) -> None:
    answer = shop.get(f"{V1}/tests/search", text="tag:smoke", count="1", start="1").json()
    assert [one["public_id"] for one in answer["tests"]] == ["bbb-bbb-bbb"]
    assert answer["total"] == 2


@pytest.mark.parametrize(
    ("parameters", "full"),
    [
        ({"include_full_config": "true"}, True),
        ({"include_full_config": "false"}, False),
        ({}, False),
    ],
)
def test_a_search_tells_the_configuration_when_asked(
    shop: Service, parameters: dict[str, str], full: bool
) -> None:
    for found in shop.get(f"{V1}/tests/search", count="1001", **parameters).json()["tests"]:
        assert ("config" in found) is full
        assert {"public_id", "name", "type", "subtype", "tags", "options"} <= found.keys()
        if full:
            assert found == shop.get(f"{V1}/tests/{found['public_id']}").json()


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"text": "env:prod"}, "env:"),
        ({"text": "a OR b"}, "OR"),
        ({"text": "-tag"}, "-tag"),
        ({"text": "disc*"}, "disc*"),
        ({"text": '"open'}, '"open'),
        ({"count": "many"}, "count"),
        ({"start": "-1"}, "start"),
        ({"start": "9" * 5000}, "start"),
    ],
)
def test_a_search_that_is_not_supported_is_named(
    shop: Service, parameters: dict[str, str], named: str
) -> None:
    answer = shop.get(f"{V1}/tests/search", **parameters)
    assert answer.status_code == 400
    assert named in answer.json()["errors"][0]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"{V2}/tests/aaa-aaa-aaa/version_history/1?only_check_existence=true", 200),
        (f"{V2}/tests/aaa-aaa-aaa/version_history/2", 404),
        (f"{V2}/tests/zzz-zzz-zzz/version_history/1", 404),
        (f"{V2}/suites/aaa-aaa-aaa", 404),
        (f"{V1}/tests/zzz-zzz-zzz", 404),
        (f"{V1}/ci/batch/none", 404),
        ("/", 404),
        (f"{V1}/tests/trigger/ci", 405),
        (f"{V2}/tests/poll_results", 400),
        (f"{V2}/tests/poll_results?result_ids=[1]", 400),
        (f"{V2}/tests/poll_results?result_ids={'[' * 3000}", 400),
        (f"{V2}/tests/poll_results?result_ids=[]", 200),
    ],
)
def test_statuses(shop: Service, path: str, status: int) -> None:
    answer = shop.get(path)
    assert answer.status_code == status
    if status != 200:
        (error,) = answer.json()["errors"]
        assert error


def test_unknown_tests_are_named_in_datadogs_words(shop: Service) -> None:
    tests = [{"public_id": one} for one in ("zzz-zzz-zzz", "aaa-aaa-aaa", "yyy-yyy-yyy")]
    answer = shop.post({"tests": tests})
    assert answer.status_code == 400
    expected = "Cannot write tests or results (test ids: ['yyy-yyy-yyy', 'zzz-zzz-zzz'])"
    assert answer.json() == {"errors": [expected]}


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ("{", "JSON"),
        (b"\xff", "JSON"),
        ("[" * 100_000, "JSON"),
        ([], "the body"),
        ({}, "tests"),
        ({"tests": []}, "tests"),
        ({"tests": [1]}, "tests[0]"),
        ({"tests": [{}]}, "None"),
        ({"tests": [{"public_id": ["a"]}]}, "['a']"),
        ({"tests": [{"local_test_definition": []}]}, "tests[0]"),
        ({"tests": [{"local_test_definition": {"type": "api"}}]}, "name is missing"),
        ({"tests": [{"public_id": "aaa-aaa-aaa"}], "metadata": 1}, "metadata"),
        ({"tests": [{"public_id": "aaa-aaa-aaa"}], "options": {"speed": 1}}, "speed"),
        ({"tests": [{"public_id": "aaa-aaa-aaa"}], "options": {"batch_timeout": 0}}, "timeout"),
        ({"tests": [{"public_id": "aaa-aaa-aaa"}], "options": {"selective_rerun": 1}}, "selective"),
        ({"tests": [{"public_id": "aaa-aaa-aaa"}], "extra": 1}, "extra"),
        ('{"tests": [{"public_id": "aaa-aaa-aaa"}], "options": {"batch_timeout": 1e999}}', "JSON"),
        (
            {"tests": [{"public_id": "aaa-aaa-aaa"}], "options": {"batch_timeout": 10**400}},
            "timeout",
        ),
    ],
)
def test_a_bad_trigger_is_a_400(shop: Service, body: Any, named: str) -> None:
    answer = shop.post(body)
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert named in error


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"DD-API-KEY": "key-a"}, 403),
        ({"DD-API-KEY": "key-a", "DD-APPLICATION-KEY": "wrong"}, 403),
        ({"DD-API-KEY": "key-a", "DD-APPLICATION-KEY": "key-b"}, 200),
    ],
)
def test_keys(headers: dict[str, str], status: int) -> None:
    with serving(keys=Keys("key-a", "key-b")) as service:
        service.headers = headers
        answer = service.get(f"{V1}/settings")
        assert answer.status_code == status
        if status == 403:
            assert answer.json() == {"errors": ["Forbidden"]}
            assert service.get("/nowhere").status_code == 403


@pytest.mark.parametrize("status", ["live", "paused"])
def test_a_defined_test_is_run_by_its_public_id(target: Target, status: str) -> None:
    definition = {**http_test(target.url), "status": status}
    with serving(definition) as service:
        service.headers = {"X-Trigger-App": "npm_package"}
        batch_id = service.trigger(
            {"public_id": definition["public_id"], "version": 1}, selective_rerun=True
        )
        (entry,) = service.final(batch_id)["results"]
    assert (entry["test_public_id"], entry["status"]) == (definition["public_id"], "passed")


@pytest.mark.parametrize("version", [2, 0, True, "1", None])
def test_a_version_that_is_not_there(shop: Service, version: Any) -> None:
    answer = shop.post({"tests": [{"public_id": "aaa-aaa-aaa", "version": version}]})
    assert answer.status_code == 400
    expected = f"tests[0]: version {version} of test aaa-aaa-aaa does not exist"
    assert answer.json() == {"errors": [expected]}


def test_the_existence_of_a_version(shop: Service) -> None:
    path = f"{V2}/tests/aaa-aaa-aaa/version_history/1"
    assert shop.get(path, only_check_existence="true").json() == {}
    assert shop.get(path).json()["data"]["attributes"] == {"version_number": 1}


def test_secrets_of_steps_and_of_browser_tests_are_not_shown() -> None:
    step = {
        "subtype": "http",
        "name": "login",
        "assertions": [],
        "request": {
            "url": "https://dog:hunter22@shop.test/",
            "headers": {"Authorization": "hunter22", "Accept": "*/*"},
            "metadata": {"x-api-key": "hunter22"},
            "basicAuth": {"type": "oauth-rop", "clientSecret": "hunter22"},
            "proxy": {"url": "http://dog:hunter22@proxy.test", "headers": {"Cookie": "hunter22"}},
            "certificate": {"key": {"content": "hunter22"}},
        },
    }
    secret = {"name": "P", "type": "text", "secure": True, "pattern": "hunter22"}
    open_ = {"name": "U", "type": "text", "pattern": "dog"}
    config = {"steps": [step], "setCookie": "session=hunter22", "variables": [secret, open_]}
    definition = {**http_test("http://127.0.0.1"), "subtype": "multi", "config": config}
    with serving(definition) as service:
        answer = service.get(f"{V1}/tests/{definition['public_id']}")
    assert "hunter22" not in answer.text
    shown = answer.json()["config"]
    assert shown["variables"] == [{"name": "P", "type": "text", "secure": True}, open_]
    assert shown["steps"][0]["request"]["headers"]["Accept"] == "*/*"


def test_an_override_leaves_the_definition_alone(target: Target) -> None:
    definition = http_test(target.url, options={"ci": {"executionRule": "blocking"}})
    with serving(definition) as service:
        before = service.get(f"{V1}/tests/{definition['public_id']}").json()
        test = {"public_id": definition["public_id"], "headers": {"A": "b"}, "startUrl": target.url}
        service.final(service.trigger({**test, "executionRule": "skipped"}))
        assert service.get(f"{V1}/tests/{definition['public_id']}").json() == before
    assert json.dumps(before["options"]) == '{"ci": {"executionRule": "blocking"}}'


@pytest.mark.parametrize(
    "body", ['{"tests": [], "tests": []}', '{"tests": [{"public_id": "a", "public_id": "b"}]}']
)
def test_a_key_that_a_body_has_twice_is_refused(service: Service, body: str) -> None:
    answer = service.post(body)
    assert answer.status_code == 400
    assert "twice" in answer.json()["errors"][0]
