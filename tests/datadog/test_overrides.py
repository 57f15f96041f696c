"""Overrides: every documented key, from files and from variables, and each mistake."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_storedog_gate.datadog.overrides import (
    from_environment,
    merged,
    validated,
    with_environment_in_start_url,
)
from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.reading.table import Document, Table

EVERY_KEY = {
    "allowInsecureCertificates": True,
    "basicAuth": {"username": "dev", "password": "hunter22"},
    "body": "{}",
    "bodyType": "application/json",
    "cookies": {"value": "a=b", "append": True},
    "defaultStepTimeout": 15,
    "deviceIds": ["chrome.laptop_large", "firefox.tablet"],
    "executionRule": "non_blocking",
    "followRedirects": True,
    "headers": {"X-Env": "staging"},
    "locations": ["aws:us-east-1", "gcp:europe-west3"],
    "resourceUrlSubstitutionRegexes": ["(.*)|$1", "a|b"],
    "retry": {"count": 2, "interval": 300.5},
    "setCookies": {"value": "c=d", "append": False},
    "startUrl": "https://{{ HOST }}/",
    "startUrlSubstitutionRegex": "s/a/b/",
    "testTimeout": 300,
    "variables": {"SHOP": "http://frontend:8080"},
}
VARIABLES = {
    "ALLOW_INSECURE_CERTIFICATES": "True",
    "BASIC_AUTH_PASSWORD": "hunter22",
    "BASIC_AUTH_USERNAME": "dev",
    "BODY": "{}",
    "BODY_TYPE": "application/json",
    "COOKIES": "a=b",
    "COOKIES_APPEND": "1",
    "DEFAULT_STEP_TIMEOUT": "15",
    "DEVICE_IDS": "chrome.laptop_large;firefox.tablet",
    "EXECUTION_RULE": "NON_BLOCKING",
    "FOLLOW_REDIRECTS": "true",
    "HEADERS": "{'X-Env': 'staging'}",
    "LOCATIONS": "aws:us-east-1;gcp:europe-west3",
    "RESOURCE_URL_SUBSTITUTION_REGEXES": "(.*)|$1;a|b",
    "RETRY_COUNT": "2",
    "RETRY_INTERVAL": "300.5",
    "SET_COOKIES": "c=d",
    "SET_COOKIES_APPEND": "0",
    "START_URL": "https://{{ HOST }}/",
    "START_URL_SUBSTITUTION_REGEX": "s/a/b/",
    "TEST_TIMEOUT": "300",
    "VARIABLES": '{"SHOP": "http://frontend:8080"}',
}
PREFIX = "DATADOG_SYNTHETICS_OVERRIDE_"
HERE = Document(root="here")


def prefixed(variables: dict[str, str]) -> dict[str, str]:
    return {PREFIX + name: text for name, text in variables.items()}


def test_every_documented_key_is_taken() -> None:
    assert validated(Table(EVERY_KEY)) == EVERY_KEY


def test_every_documented_variable_is_taken() -> None:
    assert from_environment({"PATH": "/bin", **prefixed(VARIABLES)}) == EVERY_KEY


@pytest.mark.parametrize(
    "overrides",
    [
        {"followRedirects": False, "allowInsecureCertificates": False},
        {"body": "", "cookies": "", "startUrl": ""},
        {"testTimeout": 0, "retry": {"count": 0, "interval": 0}},
        {"cookies": {"value": ""}, "locations": []},
    ],
    ids=str,
)
def test_false_zero_and_empty_are_values(overrides: dict[str, Any]) -> None:
    assert merged({}, validated(Table(overrides))) == overrides


def test_a_variable_may_say_false_zero_and_empty() -> None:
    environ = prefixed({"FOLLOW_REDIRECTS": "0", "RETRY_COUNT": "0", "BODY": "", "VARIABLES": "{}"})
    assert from_environment(environ) == {
        "followRedirects": False,
        "retry": {"count": 0},
        "body": "",
        "variables": {},
    }


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ([], "here: must be an object"),
        ({"deviceId": []}, "here.deviceId: unknown key; did you mean 'deviceIds'?"),
        ({"zzz": 1}, "here.zzz: unknown key; known: allowInsecureCertificates, basicAuth, body, "),
        ({"followRedirects": "false"}, "here.followRedirects: must be true or false"),
        ({"testTimeout": "300"}, "here.testTimeout: must be a number, at least 0"),
        ({"testTimeout": True}, "here.testTimeout: must be a number, at least 0"),
        ({"testTimeout": -1}, "here.testTimeout: must be a number, at least 0"),
        ({"testTimeout": float("nan")}, "here.testTimeout: must be a number, at least 0"),
        ({"locations": "aws:us-east-1"}, "here.locations: must be a list of strings"),
        ({"locations": [""]}, "here.locations: must be a list of strings, none of them empty"),
        ({"variables": {"PIN": 1234}}, "here.variables: must be an object of strings"),
        ({"executionRule": "block"}, "'block' is unknown; did you mean 'blocking'?"),
        ({"executionRule": []}, "must be blocking, non_blocking or skipped"),
        ({"retry": 2}, "here.retry: must be an object"),
        ({"retry": {"counts": 2}}, "here.retry.counts: unknown key; did you mean 'count'?"),
        ({"retry": {"count": 1.5}}, "here.retry.count: must be a whole number, at least 0"),
        ({"basicAuth": {"username": "a"}}, "here.basicAuth: the key 'password' is missing; add it"),
        ({"cookies": 1}, "here.cookies: must be a string, or an object with a value"),
        ({"cookies": {"append": True}}, "here.cookies: the key 'value' is missing; add it"),
        ({"tunnel": {}}, "here.tunnel: a tunnel is not supported; use a private location or"),
        ({"mobileApplicationVersionFilePath": "a.apk"}, "checks of mobile applications are not"),
    ],
    ids=str,
)
def test_what_is_wrong_names_the_place_and_the_key(data: Any, sentence: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        validated(Table(data, HERE))
    assert sentence in str(error.value)


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("FOLLOW_REDIRECTS", "yes", "must be true, false, 1 or 0; else unset it"),
        ("ALLOW_INSECURE_CERTIFICATES", "", "must be true, false, 1 or 0"),
        ("EXECUTION_RULE", "strict", "must be blocking, non_blocking or skipped"),
        ("TEST_TIMEOUT", "5m", "must be a number, at least 0"),
        ("RETRY_COUNT", "1.5", "must be a whole number, at least 0"),
        ("LOCATIONS", "a;;b", "must be a list with ; between its items, none of them empty"),
        ("HEADERS", '{"X-Env": }', 'must be a JSON object of strings, {"NAME": "value"}'),
        ("VARIABLES", '{"PIN": 1}', 'must be a JSON object of strings, {"NAME": "value"}'),
        ("VARIABLES", '{"A": "1", "A": "2"}', "must be a JSON object of strings"),
        ("VARIABLE", "{}", "unknown variable; did you mean 'VARIABLES'?"),
        ("MOBILE_APPLICATION_VERSION", "1", "checks of mobile applications are not supported"),
    ],
)
def test_what_datadog_ci_would_pass_over_names_the_variable(
    name: str, text: str, sentence: str
) -> None:
    with pytest.raises(ConfigurationError) as error:
        from_environment(prefixed({name: text}))
    assert str(error.value).startswith(f"{PREFIX}{name}: ")
    assert sentence in str(error.value)


@pytest.mark.parametrize(
    ("name", "missing"),
    [("BASIC_AUTH_PASSWORD", "username"), ("COOKIES_APPEND", "value")],
)
def test_half_of_a_pair_of_variables_is_not_enough(name: str, missing: str) -> None:
    with pytest.raises(ConfigurationError, match=f"the key {missing!r} is missing; add it"):
        from_environment(prefixed({name: "1"}))


def test_a_value_is_never_shown() -> None:
    faults: list[dict[str, Any]] = [
        {"basicAuth": {"username": "a", "password": ["hunter22"]}},
        {"variables": {"PASSWORD": ["hunter22"]}},
        {"headers": "hunter22"},
    ]
    for data in faults:
        with pytest.raises(ConfigurationError) as error:
            validated(Table(data, HERE))
        assert "hunter22" not in str(error.value)
    with pytest.raises(ConfigurationError) as error:
        from_environment(prefixed({"VARIABLES": "{'PASSWORD': hunter22}"}))
    assert "hunter22" not in str(error.value)


def test_an_apostrophe_in_a_value_stays() -> None:
    environ = prefixed({"VARIABLES": '{"NAME": "Dog\'s"}'})
    assert from_environment(environ) == {"variables": {"NAME": "Dog's"}}


def test_later_layers_win_and_maps_merge_by_key() -> None:
    first = {"variables": {"A": "1", "B": "1"}, "retry": {"count": 2, "interval": 1}, "body": "x"}
    second = {"variables": {"B": "2"}, "retry": {"count": 1}, "headers": {"X": "1"}}
    third = {"headers": {"Y": ""}, "body": ""}
    before = str((first, second, third))
    assert merged(first, second, third) == {
        "variables": {"A": "1", "B": "2"},
        "retry": {"count": 1},
        "headers": {"X": "1", "Y": ""},
        "body": "",
    }
    assert str((first, second, third)) == before


def test_a_start_url_takes_what_the_process_knows() -> None:
    overrides = {"startUrl": "https://{{HOST}}/{{ PATH_ }}?{{ KEEP }}", "body": "{{ HOST }}"}
    assert with_environment_in_start_url(overrides, {"HOST": "shop.example", "PATH_": ""}) == {
        "startUrl": "https://shop.example/?{{ KEEP }}",
        "body": "{{ HOST }}",
    }
    assert with_environment_in_start_url({"body": "x"}, {"HOST": "y"}) == {"body": "x"}
