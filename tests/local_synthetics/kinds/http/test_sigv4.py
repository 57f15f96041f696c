"""Requests that are signed as AWS wants it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import httpx
import pytest

from pytest_storedog_gate.local_synthetics.kinds.http.sigv4 import SigV4
from tests.local_synthetics.kinds.http.verdicts import PASSWORD, verdict

if TYPE_CHECKING:
    from tests.local_synthetics.support.service import Answer, Handler, Service, Target


# AWS's published test suite for Signature Version 4. It has no path that is sent encoded: that
# signature is botocore's.
VECTORS = [
    ("GET", "/", "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    ("POST", "/", "", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
    (
        "GET",
        "/?Param2=value2&Param1=value1",
        "",
        "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
    ),
    ("GET", "/%E1%88%B4", "", "697b34846207a3f72246f99d74ae1ee4fe54f44bb06730c58a0d339eb079596d"),
    (
        "POST",
        "/",
        "Param1=value1",
        "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
    ),
]


@pytest.mark.parametrize(("method", "path", "body", "signature"), VECTORS)
def test_sigv4_against_awss_vectors(method: str, path: str, body: str, signature: str) -> None:
    request = httpx.Request(method, f"https://example.amazonaws.com{path}", content=body)
    if body:
        request.headers["Content-Type"] = "application/x-www-form-urlencoded"
    signing = SigV4(
        "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "us-east-1", "service"
    )
    signing.sign(request, datetime(2015, 8, 30, 12, 36, tzinfo=UTC))
    names = "content-type;host;x-amz-date" if body else "host;x-amz-date"
    assert request.headers["Authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        f"SignedHeaders={names}, Signature={signature}"
    )


@pytest.mark.parametrize("name", ["execute-api", "s3"])
@pytest.mark.parametrize(("secret", "expected"), [(PASSWORD, "passed"), ("another one", "failed")])
def test_sigv4(target: Target, service: Service, name: str, secret: str, expected: str) -> None:
    def enter(handler: Handler) -> Answer:
        """Sign what has arrived once more."""
        asked = target.requests[-1]
        came = asked["headers"]
        stamp = datetime.strptime(came["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        kept = {k: came[k] for k in ("host", "content-type")}
        url = f"http://{came['host']}{handler.path}"
        again = httpx.Request(handler.command, url, headers=kept, content=asked["body"])
        SigV4("AKID", PASSWORD, "eu-central-1", name, "session").sign(again, stamp)
        right = again.headers["authorization"] == came["authorization"]
        return 200 if right else 403, {}, ""

    target.routes["/a%20b/in"] = enter
    auth = {
        "type": "sigv4",
        "accessKey": "AKID",
        "secretKey": secret,
        "region": "eu-central-1",
        "serviceName": name,
        "sessionToken": "session",
    }
    sent = {"method": "PUT", "body": "woof", "bodyType": "text/plain"}
    found = verdict(service, target, auth, "/a b/in?z=1", query={"a": "x y", "b": "ü"}, **sent)
    assert found == expected
    assert "+" not in target.requests[0]["path"]
