"""AWS Signature Version 4.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote_to_bytes

import httpx

if TYPE_CHECKING:
    from collections.abc import Generator

_ALGORITHM = "AWS4-HMAC-SHA256"
_SINGLY_ENCODED = {"s3", "s3-object-lambda", "s3-outposts"}


@dataclass(frozen=True)
class SigV4(httpx.Auth):
    """Signs each request just before it is sent, for a service in a region."""

    access_key: str
    secret_key: str
    region: str
    service: str
    session_token: str = ""
    requires_request_body = True

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        self.sign(request, datetime.now(UTC))
        yield request

    def sign(self, request: httpx.Request, now: datetime) -> None:
        """Add the headers of the signature. The request's content must have been read."""
        payload = hashlib.sha256(request.content).hexdigest()
        stamp = f"{now:%Y%m%dT%H%M%SZ}"
        request.headers["X-Amz-Date"] = stamp
        if self.session_token:
            request.headers["X-Amz-Security-Token"] = self.session_token
        if self.service in _SINGLY_ENCODED:
            request.headers["X-Amz-Content-Sha256"] = payload
        if b"+" in request.url.query:
            # A signature knows no other way to write a space.
            spaced = request.url.query.replace(b"+", b"%20")
            request.url = request.url.copy_with(query=spaced)
        headers = _signed_headers(request)
        names = ";".join(headers)
        canonical = "\n".join(
            (
                request.method,
                _path(request.url, singly=self.service in _SINGLY_ENCODED),
                _query(request.url),
                *(f"{name}:{value}" for name, value in headers.items()),
                "",
                names,
                payload,
            )
        )
        scope = f"{stamp[:8]}/{self.region}/{self.service}/aws4_request"
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        key = f"AWS4{self.secret_key}".encode()
        for part in (*scope.split("/"), f"{_ALGORITHM}\n{stamp}\n{scope}\n{digest}"):
            key = hmac.digest(key, part.encode(), "sha256")
        request.headers["Authorization"] = (
            f"{_ALGORITHM} Credential={self.access_key}/{scope}, "
            f"SignedHeaders={names}, Signature={key.hex()}"
        )


def _signed_headers(request: httpx.Request) -> dict[str, str]:
    """Those that AWS wants signed, sorted; runs of spaces count as one."""
    return {
        name: " ".join(value.split())
        for name, value in sorted(request.headers.items())
        if name in {"host", "content-type"} or name.startswith("x-amz-")
    }


def _path(url: httpx.URL, *, singly: bool) -> str:
    sent = url.raw_path.partition(b"?")[0] or b"/"
    return quote(unquote_to_bytes(sent) if singly else sent, safe="/-_.~")


def _query(url: httpx.URL) -> str:
    pairs = []
    for one in filter(None, url.query.split(b"&")):
        name, _, value = one.partition(b"=")
        pairs.append((_encoded(name), _encoded(value)))
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def _encoded(text: bytes) -> str:
    return quote(unquote_to_bytes(text), safe="-_.~")
