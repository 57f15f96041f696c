"""datadog-ci's global configuration: what is taken from it, and what a gate refuses."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_storedog_gate.datadog import overrides
from pytest_storedog_gate.datadog.calling.endpoint import SITES, known_site
from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.settings import datadog_ci
from pytest_storedog_gate.settings.datadog_ci import DatadogCi
from tests.repository import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PREFIX = "DATADOG_SYNTHETICS_"
EXPECTED = DatadogCi(
    site="datadoghq.eu",
    subdomain="acme",
    batch_timeout=90.5,
    files=("checks/*.synthetics.json", "more/*.synthetics.json"),
    public_ids=("abc-def-ghi", "jkl-mno-pqr@3"),
    search="tag:shop",
    overrides={"variables": {"SHOP": "http://frontend:8080"}, "followRedirects": False},
)


def file(folder: Path, data: Any) -> Path:
    path = folder / "datadog-ci.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


def test_a_file_is_read(tmp_path: Path) -> None:
    data = {
        "batchTimeout": 90500,
        "datadogSite": "datadoghq.eu",
        "defaultTestOverrides": EXPECTED.overrides,
        "failOnCriticalErrors": True,
        "failOnMissingTests": True,
        "failOnTimeout": True,
        "files": list(EXPECTED.files),
        "lambda": {"functions": ["of another command"]},
        "publicIds": list(EXPECTED.public_ids),
        "selectiveRerun": False,
        "subdomain": "acme",
        "testSearchQuery": "tag:shop",
        "tunnel": False,
    }
    assert DatadogCi.from_file(file(tmp_path, data)) == EXPECTED


def test_variables_are_read() -> None:
    environ = {
        f"{PREFIX}BATCH_TIMEOUT": "90500",
        f"{PREFIX}CONFIG_PATH": "datadog-ci.json",
        f"{PREFIX}FAIL_ON_CRITICAL_ERRORS": "true",
        f"{PREFIX}FAIL_ON_TIMEOUT": "1",
        f"{PREFIX}FILES": "checks/*.synthetics.json;more/*.synthetics.json",
        f"{PREFIX}OVERRIDE_FOLLOW_REDIRECTS": "false",
        f"{PREFIX}OVERRIDE_VARIABLES": '{"SHOP": "http://frontend:8080"}',
        f"{PREFIX}PUBLIC_IDS": "abc-def-ghi;jkl-mno-pqr@3",
        f"{PREFIX}SELECTIVE_RERUN": "False",
        f"{PREFIX}TEST_SEARCH_QUERY": "tag:shop",
    }
    assert DatadogCi.from_environment(environ) == replace(EXPECTED, site=None, subdomain=None)


def test_nothing_said_is_nothing(tmp_path: Path) -> None:
    assert DatadogCi.from_file(file(tmp_path, {})) == DatadogCi()
    assert DatadogCi.from_environment({"DD_API_KEY": "x", "DATADOG_SITE": ""}) == DatadogCi()


ALWAYS_FAILS = "must be true: the gate always fails on these"
REFUSED: list[tuple[str, str, Any, str]] = [
    ("failOnCriticalErrors", "FAIL_ON_CRITICAL_ERRORS", False, ALWAYS_FAILS),
    ("failOnMissingTests", "FAIL_ON_MISSING_TESTS", False, ALWAYS_FAILS),
    ("failOnTimeout", "FAIL_ON_TIMEOUT", False, ALWAYS_FAILS),
    ("selectiveRerun", "SELECTIVE_RERUN", True, "must be false: a result of an earlier batch"),
    ("tunnel", "TUNNEL", True, "must be false: a tunnel is not supported"),
    ("buildCommand", "BUILD_COMMAND", "make", "assets are not built here; build them in a step"),
    ("jUnitReport", "JUNIT_REPORT", "e2e.xml", "use --junitxml"),
    ("jsonReport", "JSON_REPORT", "e2e.json", "use --storedog-report"),
    ("mobileApplicationId", "MOBILE_APPLICATION_ID", "a", "checks of mobile applications are not"),
    ("batchTimeout", "BATCH_TIMEOUT", 0, "must be a number of milliseconds, above 0"),
    ("batchTimeout", "BATCH_TIMEOUT", "30m", "must be a number of milliseconds, above 0"),
    ("publicId", "PUBLIC_ID", "abc-def-ghi", "unknown "),
]


@pytest.mark.parametrize(("key", "variable", "value", "sentence"), REFUSED)
def test_what_a_gate_refuses_in_a_file_and_in_a_variable(
    tmp_path: Path, key: str, variable: str, value: object, sentence: str
) -> None:
    with pytest.raises(ConfigurationError) as error:
        DatadogCi.from_file(file(tmp_path, {key: value}))
    assert str(error.value).startswith(f"datadog-ci.json:1: $.{key}: {sentence}")
    with pytest.raises(ConfigurationError) as error:
        DatadogCi.from_environment({PREFIX + variable: str(value)})
    assert str(error.value).startswith(f"{PREFIX}{variable}: {sentence}")


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ([], ": $: must be an object"),
        (
            {"apiKey": "0123secret"},
            ":1: $.apiKey: keys come from the environment only; take it out",
        ),
        (
            {"appKey": "0123secret"},
            ":1: $.appKey: keys come from the environment only; take it out",
        ),
        ({"proxy": {"host": "0123secret"}}, ":1: $.proxy: set HTTPS_PROXY in the environment"),
        ({"global": {}}, ":1: $.global: datadog-ci has named it defaultTestOverrides since"),
        ({"pollingTimeout": 1}, ":1: $.pollingTimeout: datadog-ci has named it batchTimeout since"),
        ({"publicId": []}, ":1: $.publicId: unknown key; did you mean 'publicIds'?"),
        ({"files": "a.json"}, ":1: $.files: must be a list of strings, none of them empty"),
        ({"failOnTimeout": "true"}, ":1: $.failOnTimeout: must be true: "),
        ({"batchTimeout": True}, ":1: $.batchTimeout: must be a number of milliseconds, above 0"),
        (
            {"defaultTestOverrides": {"executionRule": "block"}},
            ":1: $.defaultTestOverrides.executionRule: 'block' is unknown; did you mean 'blocking'",
        ),
    ],
    ids=str,
)
def test_a_mistake_in_a_file_names_file_and_key(
    tmp_path: Path, data: object, sentence: str
) -> None:
    with pytest.raises(ConfigurationError) as error:
        DatadogCi.from_file(file(tmp_path, data))
    assert str(error.value).startswith(f"datadog-ci.json{sentence}")
    assert "0123secret" not in str(error.value)


def refusal(read: Callable[[Any], object], of: object) -> list[str]:
    """What is refused, a line each."""
    with pytest.raises(ConfigurationError) as error:
        read(of)
    return str(error.value).splitlines()


def test_all_mistakes_in_a_file_are_named_at_once_and_in_order(tmp_path: Path) -> None:
    data = {
        "apiKey": "0123secret",
        "publicIds": ["abc-def-ghi"],
        "failOnTimeout": False,
        "fails": 1,
        "files": "a.json",
        "defaultTestOverrides": {
            "tunnel": {},
            "retry": {"counts": 2, "interval": "1"},
            "basicAuth": {"username": "a"},
            "variables": {"PIN": 1},
        },
        "proxy": {},
    }
    said = refusal(DatadogCi.from_file, file(tmp_path, data))
    of_all = "defaultTestOverrides."
    assert [line.removeprefix("datadog-ci.json:1: $.").split(":")[0] for line in said] == [
        "apiKey",
        "failOnTimeout",
        "fails",
        "files",
        "proxy",
        f"{of_all}tunnel",
        f"{of_all}variables",
        f"{of_all}basicAuth",
        f"{of_all}retry.counts",
        f"{of_all}retry.interval",
    ]
    assert "0123secret" not in "".join(said)
    data["defaultTestOverrides"] = []
    said = refusal(DatadogCi.from_file, file(tmp_path, data))
    assert said[-1] == "datadog-ci.json:1: $.defaultTestOverrides: must be an object"
    assert len(said) == 6


def test_all_mistakes_in_variables_are_named_at_once() -> None:
    wrong = {
        f"{PREFIX}JUNIT_REPORT": "e2e.xml",
        f"{PREFIX}OVERRIDE_RETRY_COUNT": "two",
        f"{PREFIX}PUBLIC_IDS": "abc-def-ghi",
        f"{PREFIX}PUBLIC_IDZ": "a",
        f"{PREFIX}TUNNEL": "1",
        f"{PREFIX}OVERRIDE_TUNNEL": "1",
    }
    assert [
        line.partition(": ")[0].removeprefix(PREFIX)
        for line in refusal(DatadogCi.from_environment, wrong)
    ] == [
        "JUNIT_REPORT",
        "PUBLIC_IDZ",
        "TUNNEL",
        "OVERRIDE_RETRY_COUNT",
        "OVERRIDE_TUNNEL",
    ]


DOCUMENTED = re.findall(
    r"^\| `\"([\w.]+)\"(?:: (true|false))?` \| (?:`(\w+)` )?\| (.+) \|$",
    (ROOT / "docs" / "how-to" / "datadog-ci.md").read_text("utf-8"),
    re.MULTILINE,
)


@pytest.mark.parametrize(("key", "value", "variable", "sentence"), DOCUMENTED)
def test_what_the_page_says_is_refused_is(
    tmp_path: Path, key: str, value: str, variable: str, sentence: str
) -> None:
    *group, name = key.split(".")
    data: dict[str, Any] = {name: json.loads(value) if value else "x"}
    for outer in group:
        data = {outer: data}
    assert refusal(DatadogCi.from_file, file(tmp_path, data)) == [
        f"datadog-ci.json:1: $.{key}: {sentence}"
    ]
    if variable:
        (said,) = refusal(DatadogCi.from_environment, {PREFIX + variable: value or "x"})
        assert said.startswith(f"{PREFIX}{variable}: {sentence.removesuffix('; take it out')}")
    else:
        assert key not in {*datadog_ci._REFUSED, *datadog_ci._KINDS}


def test_the_page_names_all_that_is_refused() -> None:
    of_all = {f"defaultTestOverrides.{key}" for key in overrides._REFUSED}
    switches = {
        key: wrong
        for key, kind in datadog_ci._KINDS_IN_FILE.items()
        for wrong in (True, False)
        if kind.fits(not wrong) and not kind.fits(wrong)
    }
    assert {(key, value) for key, value, _, _ in DOCUMENTED} == {
        *((key, "") for key in {*datadog_ci._REFUSED_IN_FILE, *of_all}),
        *((key, json.dumps(wrong)) for key, wrong in switches.items()),
    }


def test_a_malformed_file_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "datadog-ci.json"
    path.write_text('{"files": [],\n"tunnel" false}', encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"datadog-ci\.json:2: not valid JSON: "):
        DatadogCi.from_file(path)
    with pytest.raises(ConfigurationError, match=r"absent\.json: cannot be read: No such file"):
        DatadogCi.from_file(tmp_path / "absent.json")


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("FAIL_ON_TIMEOUT", "yes", "must be true: the gate always fails on these; else unset it"),
        (
            "FILES",
            "a;",
            "must be a list with ; between its items, none of them empty; else unset it",
        ),
        ("PUBLIC_IDZ", "a", "unknown variable; did you mean 'PUBLIC_IDS'?"),
        ("OVERRIDE_RETRY_COUNT", "two", "must be a whole number, at least 0; else unset it"),
    ],
)
def test_a_mistake_in_a_variable_names_the_variable(name: str, text: str, sentence: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        DatadogCi.from_environment({PREFIX + name: text})
    assert str(error.value) == f"{PREFIX}{name}: {sentence}"


@pytest.mark.parametrize("site", [*SITES, "DatadogHQ.eu"])
def test_a_known_site(site: str) -> None:
    assert known_site(site, {}) == site.lower()


def test_an_unknown_site_names_the_known_ones() -> None:
    with pytest.raises(
        ConfigurationError, match=r"'app\.datadoghq\.com' is no Datadog site; known"
    ):
        known_site("app.datadoghq.com", {})
    assert known_site("datad0g.com", {"DD_CI_BYPASS_SITE_VALIDATION": "1"}) == "datad0g.com"
