"""Access tokens, which a server gives."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import pytest

from tests.local_synthetics.kinds.http.verdicts import CLIENT, OWNER, PASSWORD, SHARED, verdict
from tests.local_synthetics.servers.ports import refusing_port
from tests.local_synthetics.support.network_tests import that
from tests.local_synthetics.support.service import Handler, Service, Target, http_test

if TYPE_CHECKING:
    from tests.local_synthetics.support.service import Answer, Json


TOKEN = "token-0123456789"


def authorization_server(target: Target) -> None:
    """`/token` gives the token, `/in` wants it."""

    def enter(handler: Handler) -> Answer:
        known = handler.headers.get("Authorization") == f"Bearer {TOKEN}"
        return 200 if known else 401, {}, f"echo {TOKEN}"

    target.answer_json("/token", {"access_token": TOKEN, "token_type": "bearer"})
    target.routes["/in"] = enter


@pytest.mark.parametrize(
    ("auth", "place", "sent"),
    [
        (CLIENT, "header", {"grant_type": "client_credentials", "scope": "read write"}),
        (CLIENT, "body", {"client_id": "shop id", "client_secret": PASSWORD, "audience": "ads"}),
        (OWNER, "header", {"grant_type": "password", "username": "dog", "password": PASSWORD}),
        (OWNER | {"clientId": "a"}, "body", {"client_id": "a", "resource": "urn:shop"}),
    ],
)
def test_oauth(
    target: Target, service: Service, auth: Json, place: str, sent: dict[str, str]
) -> None:
    authorization_server(target)
    auth = {**auth, "tokenApiAuthentication": place, "accessTokenUrl": f"{target.url}/token"}
    result = service.run(http_test(f"{target.url}/in", basicAuth=auth))
    assert result["status"] == "passed", result
    assert TOKEN not in json.dumps(result)
    assert PASSWORD not in json.dumps(result)
    asked = target.requests[0]
    form = {name: value for name, (value,) in parse_qs(asked["body"]).items()}
    assert (asked["method"], asked["path"]) == ("POST", "/token")
    assert sent.items() <= form.items()
    assert ("client_secret" in form) == (place == "body" and "clientSecret" in auth)
    basic = asked["headers"].get("authorization")
    if auth["type"] == "oauth-client" and place == "header":
        wanted = base64.b64encode(f"shop+id:{PASSWORD}".encode()).decode()
        assert basic == f"Basic {wanted}"
    else:
        assert basic is None


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (401, f'{{"error": "{PASSWORD}"}}', "answered 401"),
        (200, "{}", "no access_token"),
        (200, "not JSON", "no access_token"),
    ],
)
def test_without_an_access_token_nothing_is_sent(
    target: Target, service: Service, status: int, body: str, words: str
) -> None:
    target.answer("/token", status=status, body=body)
    auth = {**CLIENT, "tokenApiAuthentication": "body", "accessTokenUrl": f"{target.url}/token"}
    result = service.run(http_test(target.url, that("statusCode", "isNot", 500), basicAuth=auth))
    assert (result["status"], result["inconclusive"]) == ("failed", False)
    assert result["failure"]["code"] == "AUTHENTICATION_ERROR"
    assert words in result["failure"]["message"]
    assert PASSWORD not in json.dumps(result)
    assert [one["path"] for one in target.requests] == ["/token"]


def test_a_token_server_that_is_not_there(target: Target, service: Service) -> None:
    where = f"http://127.0.0.1:{refusing_port()}/token"
    auth = {**CLIENT, "tokenApiAuthentication": "body", "accessTokenUrl": where}
    result = service.run(http_test(target.url, basicAuth=auth))
    assert result["failure"]["code"] == "AUTHENTICATION_ERROR"
    assert "ECONNREFUSED" in result["failure"]["message"]
    assert target.requests == []


def test_the_tests_own_authorization_wins(target: Target, service: Service) -> None:
    auth = {"type": "jwt", "algorithm": "HS256", "secret": SHARED, "payload": "{}"}
    own = {"authorization": "Own credentials"}
    assert verdict(service, target, auth, headers=own) == "passed"
    assert target.requests[0]["headers"]["authorization"] == "Own credentials"


def test_a_token_url_that_is_none(target: Target, service: Service) -> None:
    auth = {**CLIENT, "tokenApiAuthentication": "body", "accessTokenUrl": "shop/token"}
    result = service.run(http_test(target.url, basicAuth=auth))
    assert (result["failure"]["code"], result["inconclusive"]) == ("INVALID_REQUEST", True)
    assert target.requests == []
