"""What of a definition is answered, and what is masked."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_storedog_gate.local_synthetics.definitions.definition import parse
from pytest_storedog_gate.local_synthetics.secrets.for_the_api import full_view, with_credentials
from pytest_storedog_gate.secrets.masking import MASK
from tests.local_synthetics.support.service import http_test

ONLY_VARIABLES = [
    "{{ TOKEN }}",
    "{{TOKEN}}",
    "Bearer {{ TOKEN }}",
    "bearer  {{ TOKEN }} ",
    "Basic {{ USER }}:{{ PASSWORD }}",
    "Token: {{ TOKEN }}",
    "session={{ SESSION }}; csrf={{ CSRF }}",
    "",
]
SECRETS = [
    "hunter22",
    "Bearer hunter22",
    "Bearer hunter22{{ TOKEN }}",
    "{{ USER }}:hunter22",
    "hunter22 {{ TOKEN }}",
    "session={{ SESSION }}; csrf=hunter22",
    "{{ TOKEN }} }}hunter22",
]


def shown(credential: str, place: str) -> Any:
    """What is answered of a credential at that place of a test."""
    parts: dict[str, Any] = {
        "headers": {"Authorization": credential},
        "basicAuth": {"type": "web", "username": "ann", "password": credential},
        "proxy": {"url": "http://proxy.invalid", "headers": {"Proxy-Authorization": credential}},
    }
    test = http_test("https://shop.invalid/", **{place: parts[place]})
    request = full_view(parse(test))["config"]["request"]
    part = request[place]["headers"] if place == "proxy" else request[place]
    return list(part.values())[-1]


@pytest.mark.parametrize("place", ["headers", "basicAuth", "proxy"])
@pytest.mark.parametrize("credential", ONLY_VARIABLES)
def test_what_holds_nothing_but_variables_is_answered(credential: str, place: str) -> None:
    assert shown(credential, place) == credential


@pytest.mark.parametrize("place", ["headers", "basicAuth", "proxy"])
@pytest.mark.parametrize("credential", SECRETS)
def test_what_may_hold_a_secret_is_masked(credential: str, place: str) -> None:
    assert shown(credential, place) == MASK


@pytest.mark.parametrize(
    ("userinfo", "answered"),
    [
        ("ann:{{ PASSWORD }}", "ann:{{ PASSWORD }}"),
        ("{{ USER }}:{{ PASSWORD }}", "{{ USER }}:{{ PASSWORD }}"),
        ("{{ TOKEN }}", "{{ TOKEN }}"),
        ("ann:hunter22", MASK),
        ("hunter22", MASK),
        ("hunter22:", MASK),
        ("hunter22:{{ PASSWORD }}x", MASK),
    ],
)
def test_a_password_in_a_url_is_masked_unless_it_is_a_variable(
    userinfo: str, answered: str
) -> None:
    test = http_test(f"https://{userinfo}@shop.invalid/?a=b")
    request = full_view(parse(test))["config"]["request"]
    assert request["url"] == f"https://{answered}@shop.invalid/?a=b"


def test_the_credentials_can_be_answered_as_they_were_sent_wherever_they_stand() -> None:
    request = {"method": "GET", "url": "https://a:b@shop.invalid", "headers": {"Cookie": "c=d"}}
    nested = {"config": {"request": request, "assertions": []}, "options": {}, "subtype": "http"}
    secure = {"name": "PW", "type": "text", "pattern": "hunter22", "secure": True}
    browser = {
        **http_test("https://a:b@shop.invalid", config={"configVariables": [secure]}),
        "type": "browser",
        "subtype": "",
        "steps": [{"type": "runApiTest", "params": {"request": nested}}],
    }
    multistep = {
        **http_test(""),
        "subtype": "multi",
        "config": {"steps": [{"subtype": "http", "request": request}, {"subtype": "wait"}]},
    }
    for test in (browser, multistep):
        definition = parse(test)
        assert MASK in str(full_view(definition))
        answered = with_credentials(full_view)(definition)
        assert MASK not in str(answered)
        assert "hunter22" not in str(answered)
        assert answered.get("steps") == test.get("steps")
        assert answered["config"].get("steps") == test["config"].get("steps")
