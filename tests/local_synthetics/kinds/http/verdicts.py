"""HTTP tests that authenticate."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from tests.local_synthetics.support.service import Service, Target, http_test

if TYPE_CHECKING:
    from tests.local_synthetics.support.service import Json


PASSWORD = "hunter22-hunter22"


def verdict(service: Service, target: Target, auth: Json, path: str = "/", **more: Any) -> str:
    """The status of a test that wants 200; no result shows a secret."""
    result = service.run(http_test(f"{target.url}{path}", basicAuth=auth, **more))
    assert PASSWORD not in json.dumps(result)
    return str(result["status"])


CLIENT = {
    "type": "oauth-client",
    "clientId": "shop id",
    "clientSecret": PASSWORD,
    "audience": "ads",
    "scope": "read write",
}
OWNER = {"type": "oauth-rop", "username": "dog", "password": PASSWORD, "resource": "urn:shop"}


def pem_pair(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> tuple[str, str]:
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


RSA = pem_pair(rsa.generate_private_key(65537, 2048))
EC = pem_pair(ec.generate_private_key(ec.SECP256R1()))
SHARED = PASSWORD * 3  # as long as RFC 7518 wants it for HS256
