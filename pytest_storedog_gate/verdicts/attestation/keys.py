"""Keys that sign verdicts, and those that verify them: ECDSA P-256 or Ed25519, as PEM."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from pytest_storedog_gate.errors import ConfigurationError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes

_ECDSA = ec.ECDSA(hashes.SHA256())
_REMEDY = "`storedog-gate keygen` makes a pair"
_WANTED = "an ECDSA key on the curve P-256 or an Ed25519 key"


@dataclass(frozen=True)
class PublicKey:
    """Verifies signatures; `source` says where it was read, for people."""

    key: ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey
    source: str

    @classmethod
    def parse(cls, pem: bytes, source: str) -> PublicKey:
        """ConfigurationError names `source` where the PEM is no such key."""
        if pem.count(b"-----BEGIN ") > 1:
            raise ConfigurationError(f"{source} holds more than one key; give each its own file")
        try:
            key: PublicKeyTypes = serialization.load_pem_public_key(pem)
        except (ValueError, UnsupportedAlgorithm):
            raise ConfigurationError(f"{source} holds no public key in PEM; {_REMEDY}") from None
        if isinstance(key, ed25519.Ed25519PublicKey) or (
            isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)
        ):
            return cls(key, source)
        raise ConfigurationError(f"{source} is not {_WANTED}; {_REMEDY}")

    @cached_property
    def hint(self) -> str:
        """What names the key in a bundle: base64 of the SHA-256 of its DER, as cosign's."""
        der = self.key.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return base64.b64encode(hashlib.sha256(der).digest()).decode("ascii")

    @property
    def pem(self) -> bytes:
        return self.key.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def verifies(self, signature: bytes, data: bytes) -> bool:
        """Whether its private key signed `data` so."""
        try:
            if isinstance(self.key, ed25519.Ed25519PublicKey):
                self.key.verify(signature, data)
            else:
                self.key.verify(signature, data, _ECDSA)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, repr=False)
class SigningKey:
    """Signs; it shows nothing of itself."""

    key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

    @classmethod
    def parse(cls, pem: bytes, source: str, password: bytes | None = None) -> SigningKey:
        """ConfigurationError names `source`, and shows nothing of what is there."""
        try:
            key: PrivateKeyTypes = serialization.load_pem_private_key(pem, password)
        except TypeError:
            needs = "needs a password" if password is None else "has no password, and one was given"
            raise ConfigurationError(
                f"{source} {needs}; STOREDOG_SIGNING_PASSWORD is where it is read"
            ) from None
        except (ValueError, UnsupportedAlgorithm):
            raise ConfigurationError(
                f"{source} holds no private key in PEM, or the password is wrong; {_REMEDY}"
            ) from None
        if isinstance(key, ed25519.Ed25519PrivateKey) or (
            isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1)
        ):
            return cls(key)
        raise ConfigurationError(f"{source} is not {_WANTED}; {_REMEDY}")

    @classmethod
    def generate(cls, kind: str) -> SigningKey:
        """A new one; `kind` is "ecdsa" or "ed25519"."""
        if kind == "ed25519":
            return cls(ed25519.Ed25519PrivateKey.generate())
        return cls(ec.generate_private_key(ec.SECP256R1()))

    @cached_property
    def public(self) -> PublicKey:
        return PublicKey(self.key.public_key(), "the signing key")

    def pem(self, password: bytes | None = None) -> bytes:
        """The private key itself, for the file of its owner alone."""
        how: serialization.KeySerializationEncryption = serialization.NoEncryption()
        if password is not None:
            how = serialization.BestAvailableEncryption(password)
        form = serialization.PrivateFormat.PKCS8
        return self.key.private_bytes(serialization.Encoding.PEM, form, how)

    def sign(self, data: bytes) -> bytes:
        if isinstance(self.key, ed25519.Ed25519PrivateKey):
            return self.key.sign(data)
        return self.key.sign(data, _ECDSA)
