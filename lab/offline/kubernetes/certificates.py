"""Who is who in the cluster: an authority of its own, and a certificate for each part."""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from lab.offline.kubernetes.addresses import API, API_SERVICE, FOLDER, KUBECONFIG, NODE
from lab.scripts.state import write_secret

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

NODE_NAME = "storedog"
AUTHORITY = FOLDER / "authority.crt"
SERVER = FOLDER / "kube-apiserver"
# Signs the tokens of service accounts.
ACCOUNTS = FOLDER / "accounts"
# Each part's user and group: the API server's roles are bound to these names.
_CLIENTS = {
    "admin": ("storedog-admin", "system:masters"),
    "kube-apiserver-kubelet": ("kube-apiserver-kubelet", "system:masters"),
    "kube-controller-manager": ("system:kube-controller-manager", ""),
    "kube-scheduler": ("system:kube-scheduler", ""),
    "kube-proxy": ("system:kube-proxy", ""),
    "kubelet": (f"system:node:{NODE_NAME}", "system:nodes"),
}
_VALID = dt.timedelta(days=365)


def write() -> None:
    """Writes all of them, as files and as kubeconfigs, where only root reads the keys."""
    authority = _Authority()
    AUTHORITY.write_bytes(_pem(authority.certificate))
    for name, (user, group) in _CLIENTS.items():
        _write(FOLDER / name, *authority.certify(_name(user, group)))
        write_secret(kubeconfig(name), json.dumps(_kubeconfig(FOLDER / name), indent=2))
    names = [
        *(x509.IPAddress(ipaddress.ip_address(each)) for each in (NODE, API_SERVICE)),
        *(x509.DNSName(each) for each in ("kubernetes", "kubernetes.default.svc")),
    ]
    _write(SERVER, *authority.certify(_name("kube-apiserver"), names))
    _write(ACCOUNTS, *authority.certify(_name("accounts")))


def kubeconfig(name: str) -> Path:
    """Where the kubeconfig of that part is."""
    return KUBECONFIG.with_name(f"{name}.kubeconfig")


def certificate(path: Path) -> Path:
    """The certificate's file beside the key's."""
    return path.with_suffix(".crt")


def private_key(path: Path) -> Path:
    """The key's file."""
    return path.with_suffix(".key")


def _kubeconfig(client: Path) -> dict[str, object]:
    cluster = {"server": API, "certificate-authority": str(AUTHORITY)}
    user = {
        "client-certificate": str(certificate(client)),
        "client-key": str(private_key(client)),
    }
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "storedog", "cluster": cluster}],
        "users": [{"name": "storedog", "user": user}],
        "contexts": [{"name": "storedog", "context": {"cluster": "storedog", "user": "storedog"}}],
        "current-context": "storedog",
    }


def _name(user: str, group: str = "") -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, user)]
    if group:
        attributes.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, group))
    return x509.Name(attributes)


class _Authority:
    """Whom the whole cluster trusts; its key is written nowhere."""

    def __init__(self) -> None:
        self._name = _name("storedog-kubernetes")
        self._key = ec.generate_private_key(ec.SECP256R1())
        own = self._builder(self._name, self._key.public_key(), ca=True)
        self.certificate = own.sign(self._key, hashes.SHA256())

    def certify(
        self, subject: x509.Name, names: Sequence[x509.GeneralName] = ()
    ) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
        """A new key, and the certificate that it is the subject's, at these addresses."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = self._builder(subject, key.public_key(), ca=False)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return key, builder.sign(self._key, hashes.SHA256())

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, *, ca: bool
    ) -> x509.CertificateBuilder:
        now = dt.datetime.now(dt.UTC)
        own = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(hours=1))
            .not_valid_after(now + _VALID)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(own, critical=False)
        )


def _write(path: Path, key: ec.EllipticCurvePrivateKey, made: x509.Certificate) -> None:
    plain = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    write_secret(private_key(path), plain.decode())
    certificate(path).write_bytes(_pem(made))


def _pem(made: x509.Certificate) -> bytes:
    return made.public_bytes(serialization.Encoding.PEM)
