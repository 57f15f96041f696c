"""A client's certificate for HTTPS (`config.request.certificate`)."""

from __future__ import annotations

import base64
import ssl
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from pytest_storedog_gate.local_synthetics.failures import InvalidTest

if TYPE_CHECKING:
    from pytest_storedog_gate.local_synthetics.definitions.definition import Json
    from pytest_storedog_gate.local_synthetics.variables.variables import Variables

_WHERE = "config.request.certificate"
_PARTS = ("cert", "key")


def unsupported_certificate(request: Json, _key: str) -> list[str]:
    """Refuse all but a certificate and its key, both with their contents."""
    pair = request.get("certificate") or {}
    if not pair:
        return []
    if not isinstance(pair, dict) or not all(isinstance(part, dict) for part in pair.values()):
        return [f"{_WHERE} must be an object of objects"]
    problems = []
    for name in _PARTS:
        content = pair.get(name, {}).get("content")
        if not content:
            problems.append(f"{_WHERE}.{name} has no content, which Datadog does not give back")
        elif not isinstance(content, str):
            problems.append(f"{_WHERE}.{name}.content must be a string")
    return problems


def pair_of(request: Json, variables: Variables) -> tuple[str, str]:
    """The certificate and its key, as PEM texts if they are that. The key joins the secrets."""
    cert, key = (variables.fill(request["certificate"][name]["content"]) for name in _PARTS)
    variables.secrets |= {key, _pem(key)}
    return _pem(cert), _pem(key)


def present(pair: tuple[str, str], tls: ssl.SSLContext) -> None:
    """Make connections of `tls` show the certificate with its key.

    Raises InvalidTest when the two do not belong together or cannot be read.
    """
    cert, key = pair
    # OpenSSL reads them from files only; the folder is its owner's alone.
    with TemporaryDirectory() as folder:
        cert_file, key_file = (Path(folder, name) for name in _PARTS)
        cert_file.write_text(cert)
        key_file.write_text(key)
        try:
            # A key with a password of its own would be asked for on the terminal.
            tls.load_cert_chain(cert_file, key_file, password="")
        except (ssl.SSLError, ValueError) as error:
            reason = getattr(error, "reason", None) or "unreadable"
            raise InvalidTest(
                f"{_WHERE} is no certificate with its key, both in PEM format: {reason}"
            ) from None


def _pem(text: str) -> str:
    """The text itself or, if it is the base64 of a PEM file, that file."""
    if "-----BEGIN" in text:
        return text
    try:
        return base64.b64decode("".join(text.split()), validate=True).decode("ascii")
    except ValueError:
        return text
