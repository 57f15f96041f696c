"""HTTP API tests that authenticate, against servers that check it."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs
from urllib.request import parse_http_list, parse_keqv_list

import httpx
import jwt
import pytest
import spnego
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from pytest_storedog_gate.local_synthetics.kinds.http.sigv4 import Credentials, sign
from tests.local_synthetics.network_tests import that
from tests.local_synthetics.servers.ports import refusing_port
from tests.local_synthetics.support import Handler, Service, Target, http_test

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.local_synthetics.support import Answer, Json

PASSWORD = "hunter22-hunter22"


def verdict(service: Service, target: Target, auth: Json, path: str = "/", **more: Any) -> str:
    """The status of a test that wants 200; no result shows a secret."""
    result = service.run(http_test(f"{target.url}{path}", basicAuth=auth, **more))
    assert PASSWORD not in json.dumps(result)
    return str(result["status"])


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


CLIENT = {
    "type": "oauth-client",
    "clientId": "shop id",
    "clientSecret": PASSWORD,
    "audience": "ads",
    "scope": "read write",
}
OWNER = {"type": "oauth-rop", "username": "dog", "password": PASSWORD, "resource": "urn:shop"}
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


def pem_pair(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> tuple[str, str]:
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


RSA = pem_pair(rsa.generate_private_key(65537, 2048))
EC = pem_pair(ec.generate_private_key(ec.SECP256R1()))
SHARED = PASSWORD * 3  # as long as RFC 7518 wants it for HS256


def guarded(target: Target, key: str, algorithm: str) -> list[tuple[Json, Json]]:
    """Make `/in` want a JWT that this key verifies; the headers and claims that came."""
    seen = []

    def enter(handler: Handler) -> Answer:
        scheme, _, token = handler.headers.get("Authorization", "").partition(" ")
        try:
            claims = jwt.decode(token, key, algorithms=[algorithm])
        except jwt.InvalidTokenError:
            return 401, {}, token
        seen.append(({**jwt.get_unverified_header(token), "scheme": scheme}, claims))
        return 200, {}, token

    target.routes["/in"] = enter
    return seen


@pytest.mark.parametrize(
    ("algorithm", "secret", "key", "other"),
    [
        ("HS256", SHARED, SHARED, SHARED[::-1]),
        ("RS256", *RSA, pem_pair(rsa.generate_private_key(65537, 2048))[1]),
        ("ES256", *EC, pem_pair(ec.generate_private_key(ec.SECP256R1()))[1]),
    ],
    ids=["HS256", "RS256", "ES256"],
)
def test_jwt(
    target: Target, service: Service, *, algorithm: str, secret: str, key: str, other: str
) -> None:
    seen = guarded(target, key, algorithm)
    auth = {
        "type": "jwt",
        "algorithm": algorithm,
        "secret": secret,
        "payload": '{"sub": "{{ DOG }}"}',
        "header": '{"kid": "k1"}',
        "addClaims": {"exp": True, "iat": True},
        "expiresIn": 300,
        "tokenPrefix": "Token",
    }
    definition = http_test(f"{target.url}/in", basicAuth=auth)
    result = service.run(definition, variables={"DOG": "fido"})
    assert result["status"] == "passed", result
    ((header, claims),) = seen
    assert header == {"alg": algorithm, "typ": "JWT", "kid": "k1", "scheme": "Token"}
    assert (claims["sub"], claims["exp"] - claims["iat"]) == ("fido", 300)
    assert result["response"]["body"] == "********"
    guarded(target, other, algorithm)
    assert service.run(definition, variables={"DOG": "fido"})["status"] == "failed"


@pytest.mark.parametrize(
    ("more", "names"),
    [
        ({}, {"sub"}),
        ({"expiresIn": 60}, {"sub", "exp"}),
        ({"expiresIn": 60, "addClaims": {"exp": False, "iat": True}}, {"sub", "iat"}),
    ],
)
def test_claims_that_are_added(
    target: Target, service: Service, more: Json, names: set[str]
) -> None:
    seen = guarded(target, SHARED, "HS256")
    auth = {"type": "jwt", "algorithm": "HS256", "secret": SHARED, "payload": '{"sub": "dog"}'}
    assert verdict(service, target, {**auth, **more}, "/in") == "passed"
    assert seen[0][0]["scheme"] == "Bearer"
    assert seen[0][1].keys() == names


# AWS's published test suite for Signature Version 4. It has no path that is sent encoded: that
# signature is botocore's.
VECTORS = [
    ("GET", "/", "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    ("POST", "/", "", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
    (
        "GET",
        "/?Param2=value2&Param1=value1",
        "",
        "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
    ),
    ("GET", "/%E1%88%B4", "", "697b34846207a3f72246f99d74ae1ee4fe54f44bb06730c58a0d339eb079596d"),
    (
        "POST",
        "/",
        "Param1=value1",
        "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
    ),
]


@pytest.mark.parametrize(("method", "path", "body", "signature"), VECTORS)
def test_sigv4_against_awss_vectors(method: str, path: str, body: str, signature: str) -> None:
    request = httpx.Request(method, f"https://example.amazonaws.com{path}", content=body)
    if body:
        request.headers["Content-Type"] = "application/x-www-form-urlencoded"
    credentials = Credentials(
        "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "us-east-1", "service"
    )
    sign(request, credentials, datetime(2015, 8, 30, 12, 36, tzinfo=UTC))
    names = "content-type;host;x-amz-date" if body else "host;x-amz-date"
    assert request.headers["Authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        f"SignedHeaders={names}, Signature={signature}"
    )


@pytest.mark.parametrize("name", ["execute-api", "s3"])
@pytest.mark.parametrize(("secret", "expected"), [(PASSWORD, "passed"), ("another one", "failed")])
def test_sigv4(target: Target, service: Service, name: str, secret: str, expected: str) -> None:
    def enter(handler: Handler) -> Answer:
        """Sign what has arrived once more."""
        asked = target.requests[-1]
        came = asked["headers"]
        stamp = datetime.strptime(came["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        kept = {k: came[k] for k in ("host", "content-type")}
        url = f"http://{came['host']}{handler.path}"
        again = httpx.Request(handler.command, url, headers=kept, content=asked["body"])
        sign(again, Credentials("AKID", PASSWORD, "eu-central-1", name, "session"), stamp)
        right = again.headers["authorization"] == came["authorization"]
        return 200 if right else 403, {}, ""

    target.routes["/a%20b/in"] = enter
    auth = {
        "type": "sigv4",
        "accessKey": "AKID",
        "secretKey": secret,
        "region": "eu-central-1",
        "serviceName": name,
        "sessionToken": "session",
    }
    sent = {"method": "PUT", "body": "woof", "bodyType": "text/plain"}
    found = verdict(service, target, auth, "/a b/in?z=1", query={"a": "x y", "b": "ü"}, **sent)
    assert found == expected
    assert "+" not in target.requests[0]["path"]


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
