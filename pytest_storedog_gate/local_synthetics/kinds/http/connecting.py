"""What a test names for its connections: a client's certificate for HTTPS, and a proxy."""

from __future__ import annotations

import base64
import ssl
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import httpx

from pytest_storedog_gate.local_synthetics.failures import CheckFailed, InvalidTest
from pytest_storedog_gate.local_synthetics.kinds.common import allowed, request_values
from pytest_storedog_gate.secrets.places import mask_url

if TYPE_CHECKING:
    from pytest_storedog_gate.local_synthetics.definitions.definition import Json
    from pytest_storedog_gate.local_synthetics.variables.variables import Variables

_CERTIFICATE = "config.request.certificate"
_PROXY = "config.request.proxy"
_PARTS = ("cert", "key")


def unsupported_certificate(request: Json, _key: str) -> list[str]:
    """Refuse all but a certificate and its key, both with their contents."""
    pair = request.get("certificate") or {}
    if not pair:
        return []
    if not isinstance(pair, dict) or not all(isinstance(part, dict) for part in pair.values()):
        return [f"{_CERTIFICATE} must be an object of objects"]
    problems = []
    for name in _PARTS:
        content = pair.get(name, {}).get("content")
        if not content:
            problems.append(
                f"{_CERTIFICATE}.{name} has no content, which Datadog does not give back"
            )
        elif not isinstance(content, str):
            problems.append(f"{_CERTIFICATE}.{name}.content must be a string")
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
                f"{_CERTIFICATE} is no certificate with its key, both in PEM format: {reason}"
            ) from None


def _pem(text: str) -> str:
    """The text itself or, if it is the base64 of a PEM file, that file."""
    if "-----BEGIN" in text:
        return text
    try:
        return base64.b64decode("".join(text.split()), validate=True).decode("ascii")
    except ValueError:
        return text


def unsupported_proxy(request: Json, _key: str) -> list[str]:
    """Refuse all but a URL and headers."""
    proxy = request.get("proxy") or {}
    if not isinstance(proxy, dict):
        return [f"{_PROXY} must be an object"]
    if not proxy:
        return []
    return allowed.needed_text(proxy, "url", _PROXY) + allowed.texts(proxy, "headers", _PROXY)


def proxy_of(request: Json, variables: Variables, tls: ssl.SSLContext) -> httpx.Proxy | None:
    """The proxy, to which `tls` is for an https URL. Its credentials join the secrets.

    Raises CheckFailed.
    """
    wanted = request.get("proxy")
    if not wanted:
        return None
    url = variables.fill(wanted["url"])
    headers = request_values.named_texts(wanted, "headers", variables)
    parsed = request_values.checked_url(url, variables, "a proxy's URL")
    context = tls if parsed.scheme == "https" else None
    try:
        return httpx.Proxy(parsed, ssl_context=context, headers=headers)
    except UnicodeError as error:
        raise CheckFailed("INVALID_REQUEST", f"{mask_url(url)!r}: {error}") from None
