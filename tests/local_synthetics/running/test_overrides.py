"""Overrides of a trigger, seen by the target, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_storedog_gate.local_synthetics.javascript.regular_expressions import parse_substitution
from tests.local_synthetics.support.service import Service, Target, http_test


def test_overrides_reach_the_target(target: Target, service: Service) -> None:
    definition = http_test(
        "http://127.0.0.1:1/",
        method="POST",
        body="old",
        headers={"x-env": "old", "X-Kept": "yes", "Cookie": "a=1"},
    )
    result = service.run(
        definition,
        startUrl="{{ SHOP }}/",
        variables={"SHOP": target.url},
        headers={"X-Env": "staging"},
        body='{"new":1}',
        bodyType="application/json",
        cookies={"value": "b=2", "append": True},
        basicAuth={"username": "dog", "password": "hunter22"},
    )
    assert result["status"] == "passed", result
    (asked,) = target.requests
    headers = asked["headers"]
    assert asked["body"] == '{"new":1}'
    assert (headers["x-env"], headers["x-kept"]) == ("staging", "yes")
    assert headers["content-type"] == "application/json"
    assert headers["cookie"] == "a=1; b=2"
    assert headers["authorization"].startswith("Basic ")


@pytest.mark.parametrize("cookies", ["b=2", {"value": "b=2"}])
def test_cookies_replace(target: Target, service: Service, cookies: Any) -> None:
    definition = http_test(target.url, headers={"Cookie": "a=1"})
    assert service.run(definition, cookies=cookies)["status"] == "passed"
    assert target.requests[0]["headers"]["cookie"] == "b=2"


def test_redirects_can_be_switched(target: Target, service: Service) -> None:
    target.answer("/old", status=301, headers={"Location": "/"})
    definition = http_test(f"{target.url}/old")
    assert service.run(definition)["status"] == "failed"
    assert service.run(definition, followRedirects=True)["status"] == "passed"


@pytest.mark.parametrize(
    "rule", ["http://shop.test(.*)|{}$1", "s#HTTP://shop\\.test#{}#i", "s,http://shop.test,{},"]
)
def test_the_start_url_is_rewritten_after_the_variables(
    target: Target, service: Service, rule: str
) -> None:
    target.answer("/a")
    definition = http_test("http://{{ HOST }}/a")
    result = service.run(
        definition,
        variables={"HOST": "shop.test"},
        startUrlSubstitutionRegex=rule.replace("{}", target.url),
    )
    assert result["status"] == "passed", result
    assert target.requests[0]["path"] == "/a"


@pytest.mark.parametrize(
    ("rule", "text", "expected"),
    [
        ("a|b", "aa", "ba"),
        ("s/a/b/", "aa", "ba"),
        ("s/a/b/g", "aa", "bb"),
        (r"s/\/x/\/y/", "/x", "/y"),
        (r"(\d)(\d)|$2$1$3$$$&", "12", "21$3$12"),
    ],
)
def test_substitutions_are_javascripts(rule: str, text: str, expected: str) -> None:
    assert parse_substitution(rule)(text) == expected


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"novelty": 1}, "novelty"),
    ({"deviceIds": []}, "deviceIds"),
    ({"deviceIds": [1]}, "deviceIds"),
    ({"tunnel": {}}, "tests[0].tunnel is not supported by this service"),
    ({"testTimeout": 9}, "tests[0].testTimeout is not supported by this service"),
    ({"testTimeouts": 9}, "tests[0].testTimeouts is not supported: there is no such key; did"),
    ({"version": 2}, "version"),
    ({"variables": {"A": 1}}, "variables"),
    ({"headers": []}, "headers"),
    ({"retry": {"count": "2"}}, "retry.count"),
    ({"retry": {"times": 2}}, "retry.times"),
    ({"retry": 2}, "retry"),
    ({"locations": []}, "locations"),
    ({"executionRule": "maybe"}, "executionRule"),
    ({"followRedirects": "yes"}, "followRedirects"),
    ({"allowInsecureCertificates": 1}, "allowInsecureCertificates"),
    ({"cookies": {"values": "a=1"}}, "cookies"),
    ({"cookies": 1}, "cookies"),
    ({"basicAuth": {"user": "a"}}, "basicAuth"),
    ({"startUrl": 1}, "startUrl"),
    ({"body": 1}, "body"),
    ({"startUrlSubstitutionRegex": "a|b|c"}, "a|b|c"),
    ({"startUrlSubstitutionRegex": "(|b"}, "regular expression"),
    ({"startUrlSubstitutionRegex": "s/a/b/y"}, "'y'"),
    ({"resourceUrlSubstitutionRegexes": "a|b"}, "must be a list of strings"),
    ({"resourceUrlSubstitutionRegexes": ["a|b", ""]}, "resourceUrlSubstitutionRegexes[1]"),
    ({"resourceUrlSubstitutionRegexes": ["(|b"]}, "regular expression"),
    ({"public_id": "abc-def-ghi"}, "either"),
]


@pytest.mark.parametrize(("override", "named"), WRONG)
def test_a_wrong_override_is_named(service: Service, override: dict[str, Any], named: str) -> None:
    test = {"local_test_definition": http_test("http://127.0.0.1"), **override}
    answer = service.post({"tests": [test]})
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert named in error
    assert "tests[0]" in error


LOGIN = {"username": "dog", "password": "hunter22"}


@pytest.mark.parametrize(
    ("wrong", "override", "named"),
    [
        ({"config": []}, {}, "config must be an object"),
        ({"config": None}, {}, "config is missing"),
        ({"options": {"retry": 1}}, {}, "options.retry must be an object"),
        ({"config": {"request": {"headers": []}}}, {}, "headers"),
        ({"config": {"request": {"headers": []}}}, {"cookies": "a=b"}, "request.headers must be"),
        ({"config": {"request": {"basicAuth": 1}}}, {"basicAuth": LOGIN}, "basicAuth must be"),
    ],
)
def test_a_definition_of_a_wrong_shape_refuses_no_other_test(
    target: Target, service: Service, wrong: dict[str, Any], override: dict[str, Any], named: str
) -> None:
    bad = {"local_test_definition": {**http_test(target.url), **wrong}, **override}
    batch = service.final(service.trigger(bad, {"local_test_definition": http_test(target.url)}))
    assert [one["status"] for one in batch["results"]] == ["failed", "passed"]
    failure = service.result(batch["results"][0]["result_id"])["failure"]
    assert (failure["code"], named in failure["message"]) == ("INVALID_TEST", True), failure
