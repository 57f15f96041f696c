"""A private authority, and certificates of every sort that goes wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import trustme

if TYPE_CHECKING:
    from pathlib import Path

DAYS_LEFT = 40


@dataclass(frozen=True)
class Pair:
    """The files of a certificate with its chain, and of its key."""

    chain: Path
    key: Path


class Certificates:
    """Certificates for `localhost` and 127.0.0.1; `authority` is the file of their authority."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._authority = trustme.CA(organization_name="Storedog")
        self.authority = folder / "authority.pem"
        self._authority.cert_pem.write_to_path(str(self.authority))
        now = datetime.now(UTC)
        # The one whose facts are looked at: a key of RSA takes long to make.
        self.good = self._issued(
            "good",
            *("localhost", "127.0.0.1"),
            until=now + timedelta(DAYS_LEFT),
            key_type=trustme.KeyType.RSA,
        )
        self.expired = self._issued("expired", "localhost", "127.0.0.1", until=now - timedelta(1))
        self.other_host = self._issued("other", "elsewhere.example", until=now + timedelta(9))
        self.early = self._issued("early", "localhost", until=now + timedelta(800))
        self.self_signed = self._alone("alone", "localhost")
        self.self_signed_elsewhere = self._alone("alone-elsewhere", "elsewhere.example")

    def _issued(
        self,
        name: str,
        *hosts: str,
        until: datetime,
        key_type: trustme.KeyType = trustme.KeyType.ECDSA,
    ) -> Pair:
        issued = self._authority.issue_cert(
            *hosts,
            common_name=hosts[0],
            not_before=until - timedelta(400),
            not_after=until,
            key_type=key_type,
        )
        pair = self._pair(name)
        for blob in issued.cert_chain_pems:
            blob.write_to_path(str(pair.chain), append=True)
        issued.private_key_pem.write_to_path(str(pair.key))
        return pair

    def _alone(self, name: str, host: str) -> Pair:
        """A certificate that signed itself."""
        from cryptography import x509  # noqa: PLC0415
        from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
        from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, host)])
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(1))
            .not_valid_after(now + timedelta(DAYS_LEFT))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
            .sign(key, hashes.SHA256())
        )
        pair = self._pair(name)
        pair.chain.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        pair.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return pair

    def _pair(self, name: str) -> Pair:
        return Pair(self._folder / f"{name}.pem", self._folder / f"{name}.key")
