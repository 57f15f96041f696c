"""Where a definition, an override and a result hold secrets, and where they hold none."""

from __future__ import annotations

import base64
import json
import time
from typing import Any
from urllib.parse import unquote

import pytest

from pytest_storedog_gate.local_synthetics.secrets.for_a_file import secretless
from pytest_storedog_gate.secrets.places import (
    credentials,
    credentials_of_overrides,
    mask_exchanges,
    mask_url,
    without_secrets,
)
from pytest_storedog_gate.secrets.texts import holds_secret, parts_of

REQUESTS: list[dict[str, Any]] = [
    {"headers": {"X-Session-Id": "planted"}},
    {"headers": {"Authorization": "Bearer planted"}},
    {"metadata": {"x-api-key": "planted"}},
    {"query": {"api_key": "planted"}},
    {"form": {"password": "planted"}},
    {"basicAuth": {"type": "web", "username": "me", "password": "planted"}},
    {"basicAuth": {"type": "oauth-client", "clientId": "me", "clientSecret": "planted"}},
    {"basicAuth": {"type": "sigv4", "accessKey": "{{ ID }}", "secretKey": "planted"}},
    {"url": "https://me:planted@shop.test/"},
    {"url": "https://shop.test/?page=1&access_token=planted#top"},
    {"url": "https://shop.test/#id_token=planted"},
    {"body": '{"user": "me", "password": "planted"}'},
    {"body": '{"query": "{\\"password\\": \\"planted\\"}"}'},
    {"body": "user=me&password=planted"},
    {"body": "<login><user>me</user><password>planted</password></login>"},
    {"message": '{"token":"planted"}'},
    {"received_message": '{"token":"planted"}'},
    {"host": "https://me:planted@shop.test/"},
    {"dnsServer": "tcp://me:planted@dns.test"},
    {"host": "me:planted@shop.test"},
    {"body": '{"password": ["planted"]}'},
    {"body": '{"credentials": {"val": "planted"}}'},
    {"body": '{"name": "password", "value": "planted"}'},
    {"body": 'mutation { login(user: "me", password: "planted") { id } }'},
    {"body": '<wsse:Password Type="text">planted</wsse:Password>'},
    {"body": "<login password='planted' user='me'/>"},
    {"body": "<password><![CDATA[planted]]></password>"},
    {"body": "user=me\npassword=planted"},
    {"body": "user=me;password=planted"},
    {"body": '--x\r\nContent-Disposition: form-data; name="password"\r\n\r\nplanted\r\n--x--'},
    {"basicAuth": {"type": "jwt", "payload": '{"client_secret": "planted"}'}},
    {"headers": {"Referer": "https://shop.test/?api_key=planted"}},
    {"url": "https://shop.test/?tok%65n=planted"},
    {"url": "https://shop.test/?next=https%3A%2F%2Fme%3Aplanted%40shop.test"},
    {"toolArgs": {"user": {"password": "planted"}}},
    {"body": '{"auth": {"type": "basic", "password": "planted"}}'},
    {"body": '{"auth": {"type": "basic", "header": "planted"}}'},
    {"body": '{"contrase\\u00f1a": "planted"}'},
    {"proxy": {"url": "http://me:planted@proxy.test:3128"}},
    {"proxy": {"url": "http://proxy.test", "headers": {"Proxy-Authorization": "planted"}}},
]
NO_SECRET: list[dict[str, Any]] = [
    {"headers": {"Authorization": "Bearer {{ TOKEN }}", "Accept": "text/html"}},
    {"headers": {"Cookie": "session={{ SESSION }}; lang={{ LANG }}"}},
    {"basicAuth": {"type": "oauth-client", "audience": "a", "scope": "s", "domain": "d",
                   "resource": "r", "accessTokenUrl": "https://shop.test/token",
                   "tokenApiAuthentication": "header", "clientSecret": "{{ SECRET }}"}},
    {"basicAuth": {"type": "sigv4", "region": "eu-central-1", "serviceName": "s3"}},
    {"url": "https://{{ USER }}:{{ PASSWORD }}@shop.test/?page=2&token={{ TOKEN }}"},
    {"assertions": [{"type": "header", "property": "Set-Cookie", "operator": "contains",
                     "target": "session="}]},
    {"url": "https://shop.test/?reset_password=true&sessionStart=9"},
    {"headers": {"X-Cookie-Consent": "accepted", "X-Auth-Provider": "google"}},
    {"body": '{"token_address": "x", "password_reset": true, "otp_channel": "sms"}'},
    {"body": "<p class='a'>hello</p>"},
    {"body": '{"auth": {"type": "basic", "username": "ann"}, "credentials": "same-origin"}'},
    {"toolArgs": {"auth": {"scheme": "bearer", "token": "{{ TOKEN }}"}}},
    {"body": "auth=ntlm&user=ann"},
    {"body": '{"pass": 12, "fail": 0, "session": "1", "auth": true, "token": 3.5}'},
    {"body": '{"max_tokens": 100, "author": "me", "password": "{{ PASSWORD }}"}'},
]  # fmt: skip


@pytest.mark.parametrize("request_", REQUESTS, ids=str)
def test_a_credential_is_found_and_replaced(request_: dict[str, Any]) -> None:
    test = {"config": {"request": request_}}
    found = credentials(test)
    assert "planted" in found
    values: list[str] = []

    def stand_in(_name: str, value: str) -> str:
        values.append(value)
        return "MASK"

    shown = json.dumps(without_secrets(test, stand_in))
    (value,) = values
    assert "planted" not in shown
    assert unquote(shown.replace("MASK", value)) == unquote(json.dumps(test))
    step = {"config": {"steps": [{"request": request_}]}}
    browser = {"steps": [{"params": {"request": {"config": test["config"]}}}]}
    assert credentials(step) == credentials(browser) == found
    assert "planted" not in json.dumps(mask_exchanges({"steps": [{"request": request_}]}))


@pytest.mark.parametrize("request_", NO_SECRET, ids=str)
def test_what_holds_no_secret_is_left_as_it_is(request_: dict[str, Any]) -> None:
    test = {"config": {"request": request_}}
    assert without_secrets(test, lambda _name, _value: "MASK") == test
    assert mask_exchanges(request_) == request_


def test_secure_variables_files_and_cookies() -> None:
    test = {
        "config": {
            "configVariables": [
                {"name": "A", "secure": True, "pattern": "planted", "example": "planted"},
                {"name": "B", "pattern": "shown"},
            ],
            "setCookie": "session=planted",
            "request": {"certificate": {"key": {"filename": "k.pem", "content": "planted"}}},
            "assertions": [
                {"type": "header", "property": "X-Auth", "operator": "is", "target": "planted"},
                *(
                    {
                        "type": "body",
                        "operator": "validates",
                        "target": {key: path, "operator": "is", "targetValue": "planted"},
                    }
                    for key, path in (
                        ("jsonPath", "$.access_token"),
                        ("jsonPath", "$..user['password']"),
                        ("xPath", "//login/password"),
                        ("xPath", "//login/@token"),
                    )
                ),
            ],
        }
    }
    shown = json.dumps(without_secrets(test, lambda _name, _value: "MASK"))
    assert "planted" not in shown
    assert "shown" in shown
    assert "k.pem" in shown


def test_a_message_in_base64_is_a_secret_where_it_holds_one() -> None:
    def request(text: str) -> dict[str, Any]:
        message = base64.b64encode(text.encode()).decode().rstrip("=")
        return {"isMessageBase64Encoded": True, "message": message}

    test = {"config": {"request": request('{"password": "planted"}')}}
    shown = without_secrets(test, lambda name, _value: name)
    assert shown["config"]["request"]["message"] == "MESSAGE"
    assert credentials(test) == {test["config"]["request"]["message"]}
    harmless = {"config": {"request": request('{"name": "rex"}')}}
    assert without_secrets(harmless, lambda _name, _value: "MASK") == harmless


@pytest.mark.parametrize(
    ("name", "variable"),
    [("X-Api-Key", "X_API_KEY"), ("contrase\u00f1a", "CONTRASENA"), ("2fa_code", "FA_CODE"),
     ("\u5bc6\u7801", "SECRET"), ("__pw", "PW")],
)  # fmt: skip
def test_the_variable_of_a_secret_has_a_name_that_can_be_used(name: str, variable: str) -> None:
    test = {"config": {"request": {"headers": {name: "planted"}}}}
    kept = secretless(test)["config"]
    assert kept["request"]["headers"] == {name: f"{{{{ {variable} }}}}"}
    assert kept["configVariables"] == [{"name": variable, "type": "text", "secure": True}]


@pytest.mark.parametrize("encoding", ["", "base64"])
@pytest.mark.parametrize(
    "content",
    ['{"users": [{"password": "planted"}]}', "user=me&password=planted",
     "<login><password>planted</password></login>", "PASSWORD=planted\nUSER=me"],
)  # fmt: skip
def test_a_file_is_left_out_where_it_holds_a_secret(content: str, encoding: str) -> None:
    def test(text: str) -> dict[str, Any]:
        sent = base64.b64encode(text.encode()).decode() if encoding else text
        files = [{"name": "a", "type": "text/plain", "content": sent, "encoding": encoding}]
        return {"config": {"request": {"files": files}}, "steps": [{"params": {"files": files}}]}

    shown = without_secrets(test(content), lambda _name, _value: "MASK")
    left = [{"name": "a", "type": "text/plain", "encoding": encoding}]
    assert shown["config"]["request"]["files"] == shown["steps"][0]["params"]["files"] == left
    assert "planted" in credentials(test(content))
    kept = secretless(test(content))
    assert "configVariables" not in kept["config"], "nothing would use one"
    harmless = test(content.replace("planted", "{{ PASSWORD }}"))
    assert without_secrets(harmless, lambda _name, _value: "MASK") == harmless


@pytest.mark.parametrize(
    "overrides",
    [
        {"headers": {"X-Api-Key": "planted"}},
        {"variables": {"PASSWORD": "planted"}},
        {"cookies": {"value": "session=planted", "append": True}},
        {"setCookies": "session=planted; Path=/"},
        {"basicAuth": {"username": "me", "password": "planted"}},
        {"startUrl": "https://me:planted@shop.test/"},
        {"startUrl": "https://shop.test/?sig=planted"},
        {"startUrlSubstitutionRegex": "https://(.*)|https://me:planted@$1"},
        {"body": '{"secret": "planted"}'},
    ],
    ids=str,
)
def test_what_overrides_hold(overrides: dict[str, Any]) -> None:
    assert "planted" in credentials_of_overrides(overrides)


def test_an_override_that_holds_none() -> None:
    overrides = {
        "variables": {"SHOP": "http://frontend:8080"},
        "headers": {"X-Canary": "always"},
        "startUrl": "http://frontend:8080/?page=1",
    }
    assert credentials_of_overrides(overrides) == set()


@pytest.mark.parametrize(
    ("value", "holds"),
    [("", False), ("{{ A }}", False), ("Bearer {{ A }}", False), ("{{ A }}:{{ B }}", False),
     ("x{{ A }}", True), ("Bearer abc", True), ("token", True), ("{{ name }}", True)],
)  # fmt: skip
def test_a_value_of_variables_alone_is_no_secret(value: str, holds: bool) -> None:
    assert holds_secret(value) is holds


@pytest.mark.parametrize(
    ("name", "credential", "parts"),
    [
        ("Authorization", "Bearer abc.def", {"Bearer abc.def", "abc.def"}),
        ("token", "abc def", {"abc def"}),
        ("Cookie", "a=b; c={{ D }}; Path=/shop; Secure", {"b"}),
        ("Cookie", "planted", {"planted"}),
        ("URL_CREDENTIALS", "me:p%40w", {"me:p%40w", "p%40w", "p@w"}),
    ],
)
def test_the_parts_of_a_credential(name: str, credential: str, parts: set[str]) -> None:
    assert parts_of(name, credential) == parts


def test_an_address_is_shown_without_its_password() -> None:
    shown = mask_url("https://me:pw@shop.test:8080/a?q=1&sig=abc")
    assert shown == "https://********@shop.test:8080/a?q=1&sig=********"


NASTY = {
    "a gap between elements": "<a>{}<b>".format(" " * 50_000),
    "a long word in a tag": "<x {}>".format("a" * 50_000),
    "backslashes": "\\" * 50_000,
    "braces in a parameter": "?a={}".format("{{" * 25_000),
    "parameters with braces": "&a={{b" * 8_000,
    "elements without an end": "<a>x" * 12_000,
    "names of secrets, deeper and deeper": '"password":{' * 4_000,
    "quotes": '"name":' * 7_000,
}


@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY.keys())
def test_no_body_takes_long(text: str) -> None:
    """Each of these took minutes, in which nothing else went on: an answer has 50,000 characters.

    The time is that of the processor, and far from what it takes.
    """
    begun = time.process_time()
    mask_exchanges({"body": text, "url": text})
    assert time.process_time() - begun < 10
