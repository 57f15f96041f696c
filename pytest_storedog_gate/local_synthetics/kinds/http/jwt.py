"""JSON Web Tokens (RFC 7519), signed with HS256, RS256 or ES256 (RFC 7518)."""

from __future__ import annotations

import base64
import hmac
import json
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.local_synthetics.failures import InvalidTest

if TYPE_CHECKING:
    from pytest_storedog_gate.local_synthetics.definitions.definition import Json
    from pytest_storedog_gate.local_synthetics.variables.variables import Variables

_ALGORITHMS = ("HS256", "RS256", "ES256")
_WHERE = "config.request.basicAuth"
_HALF = 32  # bytes of each number in an ES256 signature


def unsupported_jwt(auth: Json) -> list[str]:
    """Name what no token can be made of."""
    problems = []
    if auth.get("algorithm") not in _ALGORITHMS:
        problems.append(f"{_WHERE}.algorithm {auth.get('algorithm')!r} is not supported")
    claims = auth.get("addClaims") or {}
    if not isinstance(claims, dict) or not all(isinstance(one, bool) for one in claims.values()):
        problems.append(f"{_WHERE}.addClaims must be an object of true and false")
    elif claims.get("exp") and auth.get("expiresIn") is None:
        problems.append(f"{_WHERE}.addClaims.exp needs expiresIn")
    lifetime = auth.get("expiresIn")
    if lifetime is not None and (type(lifetime) is not int or lifetime < 1):
        problems.append(f"{_WHERE}.expiresIn must be a whole number of seconds from 1")
    return problems


def make_token(auth: Json, variables: Variables, now: float) -> str:
    """A token that is issued `now`, in seconds since the epoch. Raises InvalidTest."""
    header = {"alg": auth["algorithm"], "typ": "JWT"}
    header |= _object(variables.fill(auth.get("header") or "{}"), "header")
    if header["alg"] != auth["algorithm"]:
        raise InvalidTest(f"{_WHERE}.header names another algorithm than {auth['algorithm']}")
    claims = _object(variables.fill(auth["payload"]), "payload")
    wanted = auth.get("addClaims") or {}
    lifetime = auth.get("expiresIn")
    if wanted.get("iat"):
        claims["iat"] = int(now)
    if lifetime is not None and wanted.get("exp", True):
        claims["exp"] = int(now) + lifetime
    signed = ".".join(
        _encoded(json.dumps(part, separators=(",", ":")).encode()) for part in (header, claims)
    )
    signature = _signature(auth["algorithm"], variables.fill(auth["secret"]), signed.encode())
    return f"{signed}.{_encoded(signature)}"


def _signature(algorithm: str, secret: str, text: bytes) -> bytes:
    if algorithm == "HS256":
        return hmac.digest(secret.encode(), text, "sha256")
    # Only who signs with a key waits for it to be imported.
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

    try:
        key = load_pem_private_key(secret.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise InvalidTest(f"{_WHERE}.secret is no private key in PEM format") from None
    if algorithm == "RS256" and isinstance(key, rsa.RSAPrivateKey):
        return key.sign(text, padding.PKCS1v15(), hashes.SHA256())
    if (
        algorithm == "ES256"
        and isinstance(key, ec.EllipticCurvePrivateKey)
        and isinstance(key.curve, ec.SECP256R1)
    ):
        numbers = decode_dss_signature(key.sign(text, ec.ECDSA(hashes.SHA256())))
        return b"".join(number.to_bytes(_HALF, "big") for number in numbers)
    raise InvalidTest(f"{_WHERE}.secret is no key for {algorithm}")


def _object(text: str, what: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise InvalidTest(f"{_WHERE}.{what} must be a JSON object")
    return value


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
