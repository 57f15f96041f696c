"""A signed statement in the form that sigstore's tools read: DSSE in a bundle of version 0.3.

https://github.com/secure-systems-lab/dsse/blob/master/protocol.md
https://github.com/sigstore/protobuf-specs/blob/main/protos/sigstore_bundle.proto
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.reading import json_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_storedog_gate.verdicts.attestation.keys import PublicKey, SigningKey

MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
IN_TOTO = "application/vnd.in-toto+json"


class Untrusted(ValueError):
    """A bundle that proves nothing; the text says why, after its subject."""


def signed(statement: bytes, key: SigningKey) -> bytes:
    """The bundle of a statement."""
    signature = key.sign(_authenticated(statement))
    bundle = {
        "mediaType": MEDIA_TYPE,
        "verificationMaterial": {"publicKey": {"hint": key.public.hint}},
        "dsseEnvelope": {
            "payload": base64.b64encode(statement).decode("ascii"),
            "payloadType": IN_TOTO,
            "signatures": [{"sig": base64.b64encode(signature).decode("ascii")}],
        },
    }
    return json.dumps(bundle, separators=(",", ":")).encode("ascii")


def opened(bundle: bytes, trusted: Iterable[PublicKey]) -> bytes:
    """The statement in it, signed by one of the `trusted` keys; else raises `Untrusted`.

    Nothing of the statement is read before its signature is verified. The hint is nothing but a
    hint: what counts is that the key verifies.
    """
    try:
        envelope = _object(json_text.loads(bundle.decode("utf-8"), strict=True)["dsseEnvelope"])
        payload = _bytes(envelope["payload"])
        kind = envelope["payloadType"]
        # The bundle's specification wants one; who may push could else have us try thousands.
        (signature,) = (_bytes(_object(one)["sig"]) for one in envelope["signatures"])
    except (KeyError, TypeError, ValueError, RecursionError):
        raise Untrusted("is no sigstore bundle with a DSSE envelope") from None
    if kind != IN_TOTO:
        raise Untrusted("holds no in-toto statement")
    data = _authenticated(payload)
    if any(key.verifies(signature, data) for key in trusted):
        return payload
    raise Untrusted("is signed by none of the public keys")


def _authenticated(payload: bytes) -> bytes:
    """What is signed of a payload: DSSE's pre-authentication encoding."""
    kind = IN_TOTO.encode("ascii")
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError
    return value


def _bytes(text: Any) -> bytes:
    if not isinstance(text, str):
        raise TypeError
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ValueError from None
