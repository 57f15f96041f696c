"""Exceptions of the network libraries, as Datadog's failure codes.

Codes and texts: SyntheticsApiTestFailureCode of the v1 API.
"""

from __future__ import annotations

import errno
import ssl
from typing import TYPE_CHECKING

import httpx

from pytest_storedog_gate.local_synthetics.failures import CheckFailed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_ERRNO_CODES = {
    errno.ECONNREFUSED: ("CONNREFUSED", "The target refused the connection (ECONNREFUSED)."),
    errno.ECONNRESET: ("CONNRESET", "The target closed the connection (ECONNRESET)."),
    errno.EPIPE: ("CONNRESET", "The target closed the connection (EPIPE)."),
    errno.EHOSTUNREACH: ("HOSTUNREACH", "The host is unreachable (EHOSTUNREACH)."),
    errno.ENETUNREACH: ("NETUNREACH", "The network is unreachable (ENETUNREACH)."),
    errno.ETIMEDOUT: ("TIMEOUT", "The connection timed out (ETIMEDOUT)."),
}
# asyncio raises these without one.
_ERRNO_OF: Mapping[type[OSError], int] = {
    BrokenPipeError: errno.EPIPE,
    ConnectionAbortedError: errno.ECONNRESET,
    ConnectionRefusedError: errno.ECONNREFUSED,
    ConnectionResetError: errno.ECONNRESET,
}
# OpenSSL's verify codes, by the names that Node, and so Datadog, gives them.
_VERIFY_NAMES = {
    7: "CERT_SIGNATURE_FAILURE",
    9: "CERT_NOT_YET_VALID",
    10: "CERT_HAS_EXPIRED",
    18: "DEPTH_ZERO_SELF_SIGNED_CERT",
    19: "SELF_SIGNED_CERT_IN_CHAIN",
    20: "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
    21: "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    22: "CERT_CHAIN_TOO_LONG",
    23: "CERT_REVOKED",
    24: "INVALID_CA",
    25: "PATH_LENGTH_EXCEEDED",
    26: "INVALID_PURPOSE",
    27: "CERT_UNTRUSTED",
    28: "CERT_REJECTED",
    62: "ERR_TLS_CERT_ALTNAME_INVALID",
    64: "ERR_TLS_CERT_ALTNAME_INVALID",
}
# httpx has one class for both; only h11's and httpcore's words tell them apart.
_CLOSED_EARLY = ("disconnected", "peer closed")


def network_failure(error: Exception) -> CheckFailed:
    """Name the failure behind an exception of httpx or of a socket."""
    causes = list(_chain(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLError):
            return CheckFailed("SSL", _tls_message(cause))
    for number in map(_number, causes):
        if number in _ERRNO_CODES:
            return CheckFailed(*_ERRNO_CODES[number])
    if isinstance(error, httpx.InvalidURL | httpx.UnsupportedProtocol | httpx.LocalProtocolError):
        return CheckFailed("INVALID_REQUEST", f"The request cannot be sent: {error}")
    if isinstance(error, UnicodeError):
        return CheckFailed("INVALID_REQUEST", "The request holds characters that cannot be sent.")
    if isinstance(error, httpx.RemoteProtocolError | httpx.DecodingError):
        if any(words in str(error) for words in _CLOSED_EARLY):
            return CheckFailed("CONNRESET", f"The target closed the connection: {error}")
        return CheckFailed("MALFORMED_RESPONSE", f"The answer is not valid HTTP: {error}")
    if isinstance(error, httpx.ReadError | httpx.WriteError):
        return CheckFailed("CONNRESET", "The target closed the connection.")
    return CheckFailed("UNKNOWN", f"{type(error).__name__} while the request was made.")


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        if isinstance(error, BaseExceptionGroup):
            for one in error.exceptions:
                yield from _chain(one)
        error = error.__cause__ or error.__context__


def _number(error: BaseException) -> int:
    return error.errno or _ERRNO_OF.get(type(error), 0) if isinstance(error, OSError) else 0


def _tls_message(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        name = _VERIFY_NAMES.get(error.verify_code, f"verify code {error.verify_code}")
        return f"The certificate was not accepted: {error.verify_message} ({name})."
    return f"The TLS connection could not be made: {error.reason or 'unknown reason'}."
