"""Credentials in a Terraform configuration."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING

import pytest

from tests.local_synthetics.account.terraform.configuration import HEADERS, IS_200, KEYS
from tests.local_synthetics.account.terraform.provider import (
    Provider,
    api_test,
    changes,
    variable,
)
from tests.local_synthetics.support.processes import running
from tests.local_synthetics.support.refusals import refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.local_synthetics.support.service import Json


@pytest.fixture(scope="module")
def shows_credentials() -> Iterator[Provider]:
    with running("--show-credentials", **KEYS) as (_, started):
        started.headers = HEADERS
        yield Provider(started)


SECRET = "hunter22-hunter22"
IN_WEB = {"type": "web", "username": "ann", "password": SECRET}
CREDENTIALS: Mapping[str, tuple[Json, list[str]]] = {
    "web": ({"basicAuth": IN_WEB}, ["basicAuth.password"]),
    "digest": ({"basicAuth": {**IN_WEB, "type": "digest"}}, ["basicAuth.password"]),
    "ntlm": (
        {"basicAuth": {**IN_WEB, "type": "ntlm", "domain": "CORP", "workstation": "PC7"}},
        ["basicAuth.password"],
    ),
    "oauth-client": (
        {
            "basicAuth": {
                "type": "oauth-client",
                "accessTokenUrl": "https://shop.invalid/token",
                "tokenApiAuthentication": "header",
                "clientId": "shop",
                "clientSecret": SECRET,
                "audience": "discounts",
                "scope": "read write",
                "resource": "shop",
            }
        },
        ["basicAuth.clientSecret"],
    ),
    "oauth-rop": (
        {
            "basicAuth": {
                **IN_WEB,
                "type": "oauth-rop",
                "accessTokenUrl": "https://shop.invalid/token",
                "tokenApiAuthentication": "body",
                "clientId": "shop",
                "clientSecret": SECRET,
            }
        },
        ["basicAuth.clientSecret", "basicAuth.password"],
    ),
    "sigv4": (
        {
            "basicAuth": {
                "type": "sigv4",
                "accessKey": SECRET,
                "secretKey": SECRET,
                "sessionToken": SECRET,
                "region": "eu-west-1",
                "serviceName": "execute-api",
            }
        },
        ["basicAuth.accessKey", "basicAuth.secretKey", "basicAuth.sessionToken"],
    ),
    "jwt": (
        {
            "basicAuth": {
                "type": "jwt",
                "algorithm": "HS256",
                "secret": SECRET,
                "payload": '{"sub": "shop"}',
                "header": '{"kid": "1"}',
                "expiresIn": 60,
                "tokenPrefix": "Bearer",
                "addClaims": {"exp": True, "iat": False},
            }
        },
        ["basicAuth.secret"],
    ),
    "headers": (
        {"headers": {"Authorization": f"Bearer {SECRET}", "Cookie": f"a={SECRET}", "X": "y"}},
        ["headers.Authorization", "headers.Cookie"],
    ),
    "metadata": ({"metadata": {"x-api-key": SECRET, "x": "y"}}, ["metadata.x-api-key"]),
    "proxy": (
        {
            "proxy": {
                "url": f"http://ann:{SECRET}@proxy.invalid:3128",
                "headers": {"Proxy-Authorization": f"Basic {SECRET}", "X": "y"},
            }
        },
        ["proxy.headers.Proxy-Authorization", "proxy.url"],
    ),
    "url": ({"url": f"https://ann:{SECRET}@shop.invalid/"}, ["url"]),
    "certificate": (
        {
            "certificate": {
                "cert": {"content": SECRET, "filename": "a.pem"},
                "key": {"content": SECRET, "filename": "a.key"},
            }
        },
        [],
    ),
}


@pytest.mark.parametrize("name", list(CREDENTIALS))
def test_a_credential_that_is_a_variable_changes_no_plan(name: str, provider: Provider) -> None:
    parts = json.loads(json.dumps(CREDENTIALS[name][0]).replace(SECRET, "{{ PASSWORD }}"))
    test = _with(parts, variable("PASSWORD", SECRET, secure=True))
    made = provider.create(copy.deepcopy(test))
    assert changes(test, made) == []
    assert changes(test, provider.update(made["public_id"], copy.deepcopy(test))) == []
    assert SECRET not in json.dumps(made)


@pytest.mark.parametrize("name", list(CREDENTIALS))
def test_a_credential_in_plain_is_shown_on_request_alone(
    name: str, provider: Provider, shows_credentials: Provider
) -> None:
    parts, masked = CREDENTIALS[name]
    test = _with(parts)
    made = provider.create(copy.deepcopy(test))
    assert changes(test, made) == [f"config.request.{one}" for one in masked]
    assert SECRET not in json.dumps([made, provider.read(made["public_id"])])

    shown = shows_credentials.create(copy.deepcopy(test))
    assert changes(test, shown) == []
    assert changes(test, shows_credentials.update(shown["public_id"], copy.deepcopy(test))) == []
    assert changes(test, shows_credentials.read(shown["public_id"])) == []
    secured = _with({}, variable("PASSWORD", SECRET, secure=True))
    assert SECRET not in json.dumps(shows_credentials.create(secured))


def test_credentials_are_not_shown_without_keys() -> None:
    assert "--show-credentials needs keys" in refused("serve", "--show-credentials")


def test_a_cookie_of_a_browser_test_is_a_credential(
    provider: Provider, shows_credentials: Provider
) -> None:
    test = api_test("http", method="GET", url="https://shop.invalid/")
    del test["subtype"]
    test |= {"type": "browser", "steps": []}
    test["config"]["setCookie"] = f"session={SECRET}"
    assert changes(test, provider.create(copy.deepcopy(test))) == ["config.setCookie"]
    assert changes(test, shows_credentials.create(copy.deepcopy(test))) == []


def _with(parts: Json, *variables: Json) -> Json:
    test = api_test("http", IS_200, **{"method": "GET", "url": "https://shop.invalid/", **parts})
    test["config"]["configVariables"] = list(variables)
    return test
