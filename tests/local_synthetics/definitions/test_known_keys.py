"""Keys that no test has: refused by name, wherever they stand, all at once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from pytest_storedog_gate.local_synthetics.definitions.definition import DefinitionError, parse
from pytest_storedog_gate.local_synthetics.definitions.files import load
from pytest_storedog_gate.local_synthetics.definitions.known_keys import key_faults_of_test
from pytest_storedog_gate.local_synthetics.secrets.for_the_api import full_view
from tests.counted_calls import HALF_A_SECOND, at_most
from tests.local_synthetics.proving.stages import STAGES
from tests.local_synthetics.support.network_tests import network_test, that
from tests.local_synthetics.support.service import http_test

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.local_synthetics.support.service import Json, Service, Target

_PATH = {"operator": "validatesJSONPath", "type": "body",
         "target": {"jsonPath": "$.a", "operator": "is", "targetValue": 1}}  # fmt: skip
_SCHEMA = {"operator": "validatesJSONSchema", "type": "body", "target": {"jsonSchema": "{}"}}
_STEP = {
    "subtype": "http",
    "request": {"proxy": {"url": "x"}, "files": [{"name": "a"}]},
    "assertions": [_PATH],
    "extractedValues": [{"name": "A", "parser": {"type": "raw"}}],
    "retry": {"count": 1},
}
_ELEMENT = {"multiLocator": {"ab": "x"}, "userLocator": {"values": [{"type": "css"}]}}
_BROWSER_STEP = {
    "params": {
        "element": _ELEMENT,
        "variable": {"name": "A"},
        "requests": {"count": {"type": "equals"}},
        "file": {"nameCheck": {"type": "equals"}},
        "request": {"config": {"assertions": [_SCHEMA], "request": {"url": "x"}}},
    }
}
_WHOLE: Json = {
    "name": "x",
    "config": {
        "request": {
            "basicAuth": {"type": "jwt", "addClaims": {"exp": True}},
            "certificate": {"cert": {"content": "x"}},
        },
        "assertions": [_PATH, _SCHEMA],
        "configVariables": [{"name": "A"}],
        "variables": [{"name": "A"}],
        "steps": [_STEP],
    },
    "options": {
        "ci": {"executionRule": "blocking"},
        "retry": {"count": 1},
        "monitor_options": {"renotify_interval": 0, "include_tags": True},
        "rumSettings": {"isEnabled": True, "applicationId": "x"},
        "scheduling": {"timezone": "UTC", "timeframes": [{"day": 1}]},
    },
    "steps": [_BROWSER_STEP],
    "storedog": {"click_through": True},
}
"""A test that has an object in every place that an object can be in."""


def objects(value: Any, path: str = "") -> Iterator[tuple[str, Json]]:
    if isinstance(value, dict):
        yield path, value
        for key, one in value.items():
            yield from objects(one, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from objects(one, f"{path}[{index}]")


PLACES = [path for path, _ in objects(_WHOLE)]


@given(
    place=st.sampled_from(PLACES),
    key=st.text(min_size=1).map(lambda text: f"_{text}"),
    value=st.none() | st.booleans() | st.integers() | st.text() | st.just({}) | st.just([]),
)
def test_in_any_place_any_key_is_named_and_nothing_else(place: str, key: str, value: Any) -> None:
    assert key_faults_of_test(_WHOLE) == []
    test = json.loads(json.dumps(_WHOLE))
    dict(objects(test))[place][key] = value
    (problem,) = key_faults_of_test(test)
    path = f"{place}.{key}" if place else key
    assert problem.startswith(f"{path} is not supported: there is no such key")


MISSPELLINGS: dict[str, Callable[[str], str]] = {
    "cut": lambda key: key[:-1],
    "plural": lambda key: f"{key}s",
    "loud": lambda key: f"_{key.upper()}",
}


@pytest.mark.parametrize("how", MISSPELLINGS)
@pytest.mark.parametrize("place", PLACES)
def test_a_misspelt_key_is_known_again(place: str, how: str) -> None:
    # `requests` is no misspelling there, and `variables` one of another place.
    others = {"request", "requests", "file", "variable"} if place == "steps[0].params" else set()
    for key in [one for one in dict(objects(_WHOLE))[place] if len(one) > 3 and one not in others]:
        test = json.loads(json.dumps(_WHOLE))
        holder = dict(objects(test))[place]
        holder[MISSPELLINGS[how](key)] = holder.pop(key)
        (problem,) = key_faults_of_test(test)
        assert problem.endswith(f"; did you mean {key}?"), problem


@pytest.mark.parametrize(
    ("test", "problem"),
    [
        (
            {"retry": {}},
            "retry is not supported: there is no such key; did you mean options.retry?",
        ),
        ({"assertions": []}, "; did you mean config.assertions?"),
        ({"executionRule": "x"}, "; did you mean options.ci.executionRule?"),
        ({"follow_redirects": True}, "; did you mean options.follow_redirects?"),
        ({"config": {"url": "x"}}, "; did you mean config.request.url?"),
        ({"nonsense": 1}, "nonsense is not supported: there is no such key"),
    ],
)
def test_a_key_in_the_wrong_place_is_shown_the_right_one(test: Json, problem: str) -> None:
    (found,) = key_faults_of_test(test)
    assert found.endswith(problem)


def test_all_of_them_are_refused_at_once_and_nothing_is_sent(
    target: Target, service: Service
) -> None:
    path = {"jsonPath": "$.a", "operator": "is", "targetValue": 1, "elementOperator": "x"}
    test = http_test(
        target.url,
        {"type": "body", "operator": "validatesJSONPath", "target": path},
        {"type": "responseTime", "operator": "lessThan", "target": 9, "timingScope": "withoutDNS"},
        config={
            "configVariables": [{"name": "A", "type": "text", "pattern": "a", "secured": True}]
        },
        options={"followRedirects": True},
        cookie="a",
    )
    result = service.run({**test, "retries": 2})
    assert (result["status"], result["inconclusive"]) == ("failed", True)
    message = result["failure"]["message"]
    for named in (
        "config.assertions[0].target.elementOperator is not supported: there is no such key; ",
        "; did you mean elementsOperator?",
        "config.assertions[1].timingScope is not supported: there is no such key; ",
        "; did you mean timingsScope?",
        "config.configVariables[0].secured is not supported: there is no such key; ",
        "; did you mean secure?",
        "options.followRedirects is not supported: there is no such key; ",
        "; did you mean follow_redirects?",
        "config.request.cookie is not supported",
        "retries is not supported",
    ):
        assert named in message
    assert target.requests == []


FLAGS = {path: key for path, one in objects(_WHOLE) for key in one if one[key] is True}


@pytest.mark.parametrize("value", [True, False])
def test_true_and_false_are_for_flags_alone(value: bool) -> None:
    """`false` for a name would read as no name, and the check would ask elsewhere."""
    for place, one in objects(_WHOLE):
        for key in one.keys() - {FLAGS.get(place), "targetValue"}:
            test = json.loads(json.dumps(_WHOLE))
            dict(objects(test))[place][key] = value
            path = f"{place}.{key}" if place else key
            assert f"{path} must not be true or false" in key_faults_of_test(test)


@pytest.mark.parametrize("value", ["true", "", 0, 1, [], {}])
@pytest.mark.parametrize("place", FLAGS)
def test_a_flag_is_true_or_false(place: str, value: Any) -> None:
    test = json.loads(json.dumps(_WHOLE))
    dict(objects(test))[place][FLAGS[place]] = value
    assert key_faults_of_test(test) == [f"{place}.{FLAGS[place]} must be true or false"]


_FAST = that("responseTime", "moreThan", -1)
_HOLDS = {**dict.fromkeys(STAGES, _FAST), "icmp": that("packetsReceived", "moreThan", -1)}


@pytest.mark.parametrize("kind", STAGES)
def test_each_kind_refuses_what_no_test_has_and_what_is_another_kinds(
    service: Service, kind: str
) -> None:
    """Whatever the value; and of its own keys a value that is none."""
    with STAGES[kind]() as request:
        sent = {**request(), "dnsServer": False, "novelty": None}
        result = service.run(network_test(kind, sent, _HOLDS[kind]))
    assert result["inconclusive"] is True
    assert "config.request.dnsServer must not be true or false" in result["failure"]["message"]
    assert "config.request.novelty is not supported" in result["failure"]["message"]


@pytest.mark.parametrize("kind", STAGES)
def test_a_switch_that_is_off_says_nothing(service: Service, kind: str) -> None:
    """Datadog keeps such switches in requests of other kinds too."""
    off = {"shouldTrackHops": False, "checkCertificateRevocation": False, "persistCookies": False}
    with STAGES[kind]() as request:
        result = service.run(network_test(kind, {**request(), **off}, _HOLDS[kind]))
    assert result["status"] == "passed", result.get("failure")


@pytest.mark.parametrize(
    ("test", "problem"),
    [
        ({"steps": [{"type": "assertPageContains"}]}, "steps is not supported"),
        ({"device_ids": ["tablet"]}, "did you mean options.device_ids?"),
        ({"options": {"defaultStepTimeout": 1}}, "options.defaultStepTimeout is not supported"),
    ],
)
def test_what_another_type_of_test_has_is_refused(
    service: Service, target: Target, test: Json, problem: str
) -> None:
    result = service.run({**http_test(target.url), **test})
    assert problem in result["failure"]["message"]
    assert target.requests == []


def test_very_many_are_named_as_far_as_a_person_reads() -> None:
    strange = {"x" * 100_000: 0} | {f"key{number}": number for number in range(20_000)}
    with at_most(HALF_A_SECOND):
        faults = key_faults_of_test({**_WHOLE, **strange})
    assert len(faults) == 51
    assert faults[-1] == "and more"


def test_a_copy_of_a_sub_test_shows_no_credentials() -> None:
    copies = [
        http_test("http://x", headers={"Authorization": "hunter22-hunter22"}),
        http_test("http://rex:hunter22-hunter22@x"),
    ]
    step = {"name": "x", "subtype": "playSubTest", "subtestPublicId": "cop-yof-one"}
    played = {"subtestPublicId": "cop-yof-one"}
    for copy in copies:
        of_browser = {"type": "playSubTest", "params": {**played, "subtest": copy}}
        for test in (
            {"subtype": "multi", "config": {"steps": [{**step, "subtest": copy}]}},
            {"type": "browser", "steps": [of_browser]},
        ):
            whole = {**http_test("http://x"), **test}
            shown = json.dumps(full_view(parse(whole)))
            assert "hunter22" in json.dumps(whole)
            assert "hunter22" not in shown


def test_a_sub_test_is_looked_at_too(target: Target, service: Service) -> None:
    played = {**http_test(target.url), "novelty": 1}
    step = {"name": "x", "subtype": "playSubTest", "subtestPublicId": "cop-yof-one"}
    test = {
        **http_test("x"),
        "subtype": "multi",
        "config": {"steps": [{**step, "subtest": played}]},
    }
    result = service.run(test)
    assert "config.steps[0]: sub-test cop-yof-one: novelty is not" in result["failure"]["message"]
    del played["novelty"]
    assert service.run(test)["status"] == "passed"
    assert len(target.requests) == 1


def test_a_trigger_is_refused_with_all_of_its_keys(service: Service) -> None:
    test = {"local_test_definition": http_test("x"), "starturl": "x", "retry": {"count": 1}}
    answer = service.post({"tests": [{**test, "executionrules": "x"}], "option": {}})
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert (
        "tests[0].starturl is not supported: there is no such key; did you mean startUrl?" in error
    )
    assert "tests[0].executionrules is not supported" in error
    assert "option is not supported: there is no such key; did you mean options?" in error


def test_a_test_with_such_keys_is_not_stored(service: Service) -> None:
    body = {**http_test("http://x"), "message": "", "option": {}}
    path = f"{service.url}/api/v1/synthetics/tests/api"
    answer = requests.post(path, json=body, timeout=20)
    assert answer.status_code == 400
    assert "option is not supported: there is no such key; did you mean options?" in answer.text


@pytest.mark.parametrize("key", ["testOverride", "localtestdefinition", "version_"])
def test_a_file_with_such_keys_is_not_loaded(tmp_path: Path, key: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"tests": [{"localTestDefinition": http_test("x"), key: {}}]}))
    with pytest.raises(
        DefinitionError, match=rf"a\.json: tests\[0\]\.{key} is not supported: .*\?"
    ):
        load([str(path)])


def test_one_test_with_such_keys_leaves_the_others_of_its_file(tmp_path: Path) -> None:
    """It is refused when it is run: one mistake does not silence a file."""
    good, bad = http_test("x"), {**http_test("x"), "novelty": 1}
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"tests": [{"localTestDefinition": one} for one in (good, bad)]}))
    assert load([str(path)]).tests.keys() == {good["public_id"], bad["public_id"]}


@pytest.mark.parametrize("value", [False, True])
def test_a_proxy_that_is_not_published_is_passed_over_where_it_is_off(
    service: Service, target: Target, value: bool
) -> None:
    """Tests of some years ago have it: an answer of the real API is to be run."""
    result = service.run(http_test(target.url, options={"forwardProxy": value}))
    told = result.get("failure", {}).get("message", "")
    assert ("options.forwardProxy is not supported" in told) is value
    assert (result["status"] == "passed") is not value
