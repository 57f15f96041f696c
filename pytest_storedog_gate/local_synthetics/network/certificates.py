"""A certificate as Datadog's results show it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from pytest_storedog_gate.local_synthetics.definitions.definition import Json

_NAMES = {
    NameOID.COUNTRY_NAME: "C",
    NameOID.COMMON_NAME: "CN",
    NameOID.LOCALITY_NAME: "L",
    NameOID.ORGANIZATION_NAME: "O",
    NameOID.ORGANIZATIONAL_UNIT_NAME: "OU",
    NameOID.STATE_OR_PROVINCE_NAME: "ST",
}
_LABELS: Mapping[type[x509.GeneralName], str] = {
    x509.DNSName: "DNS",
    x509.IPAddress: "IP Address",
    x509.RFC822Name: "email",
    x509.UniformResourceIdentifier: "URI",
}
E = TypeVar("E", bound=x509.ExtensionType)


@dataclass(frozen=True, slots=True)
class Certificate:
    """`facts` by the names of v1, for assertions; `shown` by those of v2, for the result."""

    facts: Json
    shown: Json
    expiry: datetime


def describe(der: bytes) -> Certificate:
    """Read a certificate. Raises ValueError when it is none."""
    certificate = x509.load_der_x509_certificate(der)
    facts: Json = {
        "issuer": _name(certificate.issuer),
        "subject": _name(certificate.subject) | _alternative_names(certificate),
        "fingerprint": _colons(certificate.fingerprint(hashes.SHA1())),  # noqa: S303 an identifier
        "fingerprint256": _colons(certificate.fingerprint(hashes.SHA256())),
        "serialNumber": f"{certificate.serial_number:X}",
        "extKeyUsage": [
            purpose.dotted_string
            for purpose in _extension(certificate, x509.ExtendedKeyUsage) or ()
        ],
        "validFrom": certificate.not_valid_before_utc.isoformat(),
        "validTo": certificate.not_valid_after_utc.isoformat(),
    }
    key = certificate.public_key()
    if isinstance(key, RSAPublicKey):
        numbers = key.public_numbers()
        facts |= {"modulus": f"{numbers.n:X}", "exponent": numbers.e}
    same = ("issuer", "subject", "fingerprint", "fingerprint256", "modulus", "exponent")
    shown = {
        **{name: facts[name] for name in same if name in facts},
        "serial_number": facts["serialNumber"],
        "ext_key_usage": facts["extKeyUsage"],
        "valid": {
            "from": _milliseconds(certificate.not_valid_before_utc),
            "to": _milliseconds(certificate.not_valid_after_utc),
        },
    }
    return Certificate(facts, shown, certificate.not_valid_after_utc)


def _name(name: x509.Name) -> dict[str, str]:
    return {
        _NAMES[part.oid]: part.value if isinstance(part.value, str) else part.value.hex()
        for part in name
        if part.oid in _NAMES
    }


def _alternative_names(certificate: x509.Certificate) -> dict[str, str]:
    """As Node writes them: `DNS:example.com, IP Address:127.0.0.1`."""
    names = _extension(certificate, x509.SubjectAlternativeName)
    if names is None:
        return {}
    texts = [f"{_LABELS[type(one)]}:{one.value}" for one in names if type(one) in _LABELS]
    return {"altName": ", ".join(texts)}


def _extension(certificate: x509.Certificate, kind: type[E]) -> E | None:
    """None also where what is written there cannot be read, as handshakes do not look at it all."""
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except (x509.ExtensionNotFound, ValueError):
        return None


def _colons(digest: bytes) -> str:
    return digest.hex(":").upper()


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
