"""Tokens that a test signs itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tests.local_synthetics.kinds.http.verdicts import EC, RSA, SHARED, pem_pair, verdict
from tests.local_synthetics.support.service import Handler, Service, Target, http_test

if TYPE_CHECKING:
    from tests.local_synthetics.support.service import Answer, Json


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
