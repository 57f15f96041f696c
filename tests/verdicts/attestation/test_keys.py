"""The forms in which keys are given: which of them work, and what is said of the others."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.settings.promotion import (
    KEY_VARIABLE,
    PASSWORD_VARIABLE,
    Promotion,
    signing_secret,
)
from pytest_storedog_gate.verdicts.attestation.keys import PublicKey, SigningKey

EC, ED = SigningKey.generate("ecdsa"), SigningKey.generate("ed25519")
PRIVATE, PUBLIC = EC.pem(), EC.public.pem
BOM = b"\xef\xbb\xbf"
_PLAIN = NoEncryption()


def sec1(how: KeySerializationEncryption = _PLAIN) -> bytes:
    return EC.key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, how)


@pytest.mark.parametrize(
    ("pem", "password"),
    [
        (sec1(), None),
        (sec1(BestAvailableEncryption(b"x")), b"x"),
        (EC.pem(b"x"), b"x"),
        (PRIVATE.replace(b"\n", b"\r\n"), None),
        (BOM + PRIVATE, None),
        (b"# staging's\n" + PRIVATE, None),
        (PRIVATE.replace(b"\n", b" "), None),
    ],
    ids=["sec1", "sec1 encrypted", "pkcs8 encrypted", "crlf", "bom", "text before", "one line"],
)
def test_a_private_key_signs_in_whatever_form(pem: bytes, password: bytes | None) -> None:
    assert EC.public.verifies(SigningKey.parse(pem, "the key", password).sign(b"x"), b"x")


@pytest.mark.parametrize("pem", [PUBLIC.replace(b"\n", b"\r\n"), BOM + PUBLIC, b"# a\n" + PUBLIC])
def test_a_public_key_verifies_in_whatever_form(pem: bytes) -> None:
    assert PublicKey.parse(pem, "the key").verifies(EC.sign(b"x"), b"x")


_RSA = rsa.generate_private_key(65537, 2048)
_P384 = ec.generate_private_key(ec.SECP384R1())
_COSIGNS = b"-----BEGIN %b-----\neyJrZGYiOnt9fQ==\n-----END %b-----\n"
_NAME = b"ENCRYPTED SIGSTORE PRIVATE KEY"


@pytest.mark.parametrize(
    ("pem", "sentence"),
    [
        (
            _RSA.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, _PLAIN),
            "is not an ECDSA key on the curve P-256 or an Ed25519 key",
        ),
        (
            _P384.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, _PLAIN),
            "is not an ECDSA key on the curve P-256 or an Ed25519 key",
        ),
        (
            ED.key.private_bytes(Encoding.Raw, PrivateFormat.Raw, _PLAIN),
            "holds no private key in PEM",
        ),
        (
            ED.key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, _PLAIN),
            "holds no private key in PEM",
        ),
        (_COSIGNS % (_NAME, _NAME), "holds no private key in PEM"),
        (EC.pem(b"x"), "needs a password"),
        (PRIVATE[:-20], "holds no private key in PEM"),
    ],
    ids=["rsa", "p-384", "raw", "openssh", "cosign's", "encrypted", "cut"],
)
def test_what_is_no_key_to_sign_with_is_one_sentence(pem: bytes, sentence: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^the key {sentence}"):
        SigningKey.parse(pem, "the key")


@pytest.mark.parametrize(
    ("pem", "sentence"),
    [
        (PUBLIC + ED.public.pem, "holds more than one key"),
        (PRIVATE, "holds no public key in PEM"),
        (ED.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw), "holds no public key"),
        (
            _RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.PKCS1),
            "is not an ECDSA key on the curve P-256 or an Ed25519 key",
        ),
    ],
    ids=["two", "private", "raw", "rsa"],
)
def test_what_is_no_key_to_verify_with_is_one_sentence(pem: bytes, sentence: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^the key {sentence}"):
        PublicKey.parse(pem, "the key")


def test_a_variable_that_holds_any_bytes_is_no_crash() -> None:
    """What is no UTF-8 in the environment."""
    given = signing_secret(Promotion(), {KEY_VARIABLE: "\udcff"})
    assert given is not None
    with pytest.raises(ConfigurationError, match="holds no private key in PEM"):
        SigningKey.parse(given.pem, given.source, given.password)
    variables = {KEY_VARIABLE: EC.pem(b"\xff").decode(), PASSWORD_VARIABLE: "\udcff"}
    secret = signing_secret(Promotion(), variables)
    assert secret is not None
    assert SigningKey.parse(secret.pem, secret.source, secret.password).public.pem == PUBLIC
    assert "\udcff" in secret.texts
