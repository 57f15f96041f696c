"""HTTP API tests that authenticate, against servers that check it."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING
from urllib.request import parse_http_list, parse_keqv_list

import pytest
import spnego

from tests.local_synthetics.kinds.http.verdicts import EC, OWNER, PASSWORD, RSA, verdict
from tests.local_synthetics.support.network_tests import that
from tests.local_synthetics.support.service import Handler, Service, Target, http_test

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.local_synthetics.support.service import Answer, Json


def digest_server(algorithm: str) -> Callable[[Handler], Answer]:
    """A server of RFC 7616 that knows one user."""
    hashed = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}[algorithm]

    def h(*parts: str) -> str:
        return hashed(":".join(parts).encode()).hexdigest()

    def answer(handler: Handler) -> Answer:
        given = handler.headers.get("Authorization", "")
        challenge = f'Digest realm="shop", nonce="n1", qop="auth", algorithm={algorithm}'
        refused: Answer = 401, {"WWW-Authenticate": challenge}, ""
        if not given.startswith("Digest "):
            return refused
        said = parse_keqv_list(parse_http_list(given.removeprefix("Digest ")))
        wanted = h(
            h("dog", "shop", PASSWORD),
            "n1",
            said["nc"],
            said["cnonce"],
            "auth",
            h(handler.command, handler.path),
        )
        return (
            (200, {}, "in")
            if (said["uri"], said["response"])
            == (
                handler.path,
                wanted,
            )
            else refused
        )

    return answer


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
@pytest.mark.parametrize(
    ("password", "expected"), [(PASSWORD, "passed"), ("another one", "failed")]
)
def test_digest(
    target: Target, service: Service, algorithm: str, password: str, expected: str
) -> None:
    target.routes["/in"] = digest_server(algorithm)
    auth = {"type": "digest", "username": "dog", "password": password}
    assert verdict(service, target, auth, "/in?a=b", method="POST", body="woof") == expected
    assert [one["body"] for one in target.requests] == ["woof", "woof"]


@pytest.mark.parametrize(
    "challenge", ['Digest realm="a"', 'Digest realm="a", nonce="b", qop="auth-int"']
)
def test_a_digest_challenge_that_cannot_be_met(
    target: Target, service: Service, challenge: str
) -> None:
    target.answer("/", status=401, headers={"WWW-Authenticate": challenge})
    auth = {"type": "digest", "username": "dog", "password": PASSWORD}
    refused = that("statusCode", "is", 401)
    result = service.run(http_test(target.url, refused, basicAuth=auth))
    assert (result["status"], result["failure"]["code"]) == ("failed", "AUTHENTICATION_ERROR")


def test_credentials_stay_with_their_origin(target: Target, service: Service) -> None:
    other = target.url.replace("127.0.0.1", "localhost")
    target.answer("/0", status=302, headers={"Location": f"{other}/1"})
    target.answer("/1")
    auth = {
        "type": "sigv4",
        "accessKey": "AKID",
        "secretKey": PASSWORD,
        "sessionToken": PASSWORD,
        "region": "eu-central-1",
        "serviceName": "execute-api",
    }
    assert verdict(service, target, auth, "/0", follow_redirects=True) == "passed"
    first, second = (one["headers"].keys() for one in target.requests)
    assert {"authorization", "x-amz-security-token"} <= first
    assert not {"authorization", "x-amz-security-token"} & second


@pytest.mark.parametrize(
    ("domain", "password", "expected"),
    [
        ("SHOP", PASSWORD, "passed"),
        ("SHOP", "another one", "failed"),
        ("ELSEWHERE", PASSWORD, "failed"),
    ],
)
def test_ntlm(
    target: Target,
    service: Service,
    *,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    domain: str,
    password: str,
    expected: str,
) -> None:
    users = tmp_path / "users"
    users.write_text(f"SHOP:dog:{PASSWORD}\n")
    monkeypatch.setenv("NTLM_USER_FILE", str(users))
    contexts: dict[Handler, spnego.ContextProxy] = {}
    messages: list[bytes] = []

    def answer(handler: Handler) -> Answer:
        scheme, _, given = handler.headers.get("Authorization", "").partition(" ")
        if scheme != "NTLM":
            return 401, {"WWW-Authenticate": "NTLM"}, ""
        # NTLM is about connections, and a handler is one's.
        context = contexts.setdefault(handler, spnego.server(protocol="ntlm"))
        messages.append(base64.b64decode(given))
        try:
            token = context.step(messages[-1])
        except spnego.exceptions.SpnegoError:
            return 401, {}, ""
        if context.complete:
            return 200, {}, "in"
        challenge = base64.b64encode(token or b"").decode()
        return 401, {"WWW-Authenticate": f"NTLM {challenge}"}, ""

    target.routes["/in"] = answer
    auth = {
        "type": "ntlm",
        "username": "dog",
        "password": password,
        "domain": domain,
        "workstation": "KENNEL",
    }
    assert verdict(service, target, auth, "/in") == expected
    assert len(contexts) == 1
    assert "KENNEL".encode("utf-16-le") in messages[-1]


@pytest.mark.parametrize("challenge", ["NTLM !", "NTLM Zm9v"])
def test_an_ntlm_challenge_that_cannot_be_read(
    target: Target, service: Service, challenge: str
) -> None:
    target.answer("/", status=401, headers={"WWW-Authenticate": challenge})
    auth = {"type": "ntlm", "username": "dog", "password": PASSWORD}
    result = service.run(http_test(target.url, that("statusCode", "is", 401), basicAuth=auth))
    assert (result["status"], result["failure"]["code"]) == ("failed", "AUTHENTICATION_ERROR")


JWT = {"type": "jwt", "algorithm": "HS256", "secret": PASSWORD, "payload": "{}"}
REFUSED: list[tuple[Json, str]] = [
    ({"type": "novel"}, "type 'novel'"),
    ({"type": "web", "username": "a", "domain": "b"}, "basicAuth.domain is not supported"),
    ({"type": "web", "username": 1}, "basicAuth.username must be a string"),
    ({"type": "digest", "username": "a"}, "basicAuth.password is needed with type digest"),
    ({"type": "sigv4", "accessKey": "a", "secretKey": "b"}, "basicAuth.region is needed"),
    ({**OWNER, "accessTokenUrl": "http://a"}, "tokenApiAuthentication is needed"),
    (
        {**OWNER, "accessTokenUrl": "http://a", "tokenApiAuthentication": "query"},
        "tokenApiAuthentication 'query'",
    ),
    ({**JWT, "algorithm": "none"}, "algorithm 'none'"),
    ({**JWT, "addClaims": {"exp": True}}, "addClaims.exp needs expiresIn"),
    ({**JWT, "addClaims": {"nbf": True}}, "addClaims.nbf"),
    ({**JWT, "addClaims": {"exp": "yes"}}, "addClaims must be"),
    ({**JWT, "expiresIn": 0}, "expiresIn must be"),
    ({**JWT, "payload": "[]"}, "payload must be a JSON object"),
    ({**JWT, "header": "x"}, "header must be a JSON object"),
    ({**JWT, "header": '{"alg": "none"}'}, "names another algorithm"),
    ({**JWT, "algorithm": "RS256"}, "no private key in PEM format"),
    ({**JWT, "algorithm": "RS256", "secret": EC[0]}, "no key for RS256"),
    ({**JWT, "algorithm": "ES256", "secret": RSA[0]}, "no key for ES256"),
]
AWS = {"type": "sigv4", "accessKey": "a", "region": "b", "serviceName": "c"}
SECRET_PARTS: list[Json] = [
    {"type": "digest", "username": "dog", "password": PASSWORD},
    {"type": "ntlm", "username": "dog", "password": PASSWORD},
    {**AWS, "secretKey": PASSWORD},
    {**AWS, "secretKey": "another one", "sessionToken": PASSWORD},
    {**JWT, "secret": PASSWORD},
]


@pytest.mark.parametrize("auth", SECRET_PARTS, ids=str)
def test_a_secret_that_comes_back_is_masked(target: Target, service: Service, auth: Json) -> None:
    target.answer("/", body=f"It is {PASSWORD}.")
    result = service.run(http_test(target.url, basicAuth=auth))
    assert result["response"]["body"] == "It is ********."
    assert PASSWORD not in json.dumps(result)


@pytest.mark.parametrize(("auth", "named"), REFUSED, ids=[named for _, named in REFUSED])
def test_what_is_not_supported_is_refused_by_name(
    target: Target, service: Service, auth: Json, named: str
) -> None:
    result = service.run(http_test(target.url, basicAuth=auth))
    assert result["failure"]["code"] == "INVALID_TEST"
    assert named in result["failure"]["message"]
    assert target.requests == []


def test_ntlm_is_refused_over_http2(target: Target, service: Service) -> None:
    auth = {"type": "ntlm", "username": "dog", "password": PASSWORD}
    result = service.run(http_test(target.url, basicAuth=auth, options={"httpVersion": "http2"}))
    assert result["failure"]["code"] == "INVALID_TEST"
    assert "ntlm needs HTTP/1.1" in result["failure"]["message"]
