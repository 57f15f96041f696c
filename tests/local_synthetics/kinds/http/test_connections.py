"""How an HTTP API test reaches its target: HTTP/2, client certificates, proxies, compression."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from tests.local_synthetics.servers.http2 import http2_server
from tests.local_synthetics.support.network_tests import that
from tests.local_synthetics.support.secure import INSECURE, client_pair, https, secure
from tests.local_synthetics.support.service import Service, Target, http_test

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.local_synthetics.servers.certificates import Certificates


@pytest.fixture(scope="module")
def http2(certificates: Certificates) -> Iterator[str]:
    with http2_server(certificates.good) as port:
        yield f"https://127.0.0.1:{port}/discount"


@pytest.mark.parametrize("version", ["http2", "any", None])
def test_http2(http2: str, service: Service, version: str | None) -> None:
    options = INSECURE if version is None else {**INSECURE, "httpVersion": version}
    for status in (200, 201):
        definition = http_test(
            http2, that("statusCode", "is", status), method="POST", body="woof", options=options
        )
        result = service.run(definition)
        assert result["status"] == ("passed" if status == 200 else "failed"), result
    assert result["response"]["http_version"] == "2"
    assert {"ssl", "firstByte", "download"} <= result["timings"].keys()
    asked = json.loads(result["response"]["body"])
    assert (asked[":method"], asked[":path"], asked["body"]) == ("POST", "/discount", "woof")
    assert http2.startswith(f"https://{asked[':authority']}/")


def test_http2_without_tls_is_spoken_at_once(service: Service) -> None:
    with http2_server() as port:
        result = service.run(http_test(f"http://127.0.0.1:{port}", httpVersion="http2"))
    assert (result["status"], result["response"]["http_version"]) == ("passed", "2")


def test_a_server_of_http1_fails_a_test_of_http2(tls_target: Target, service: Service) -> None:
    options = {**INSECURE, "httpVersion": "http2"}
    result = service.run(http_test(https(tls_target), options=options))
    assert (result["status"], result["inconclusive"]) == ("failed", False)
    assert result["failure"]["code"] in {"MALFORMED_RESPONSE", "CONNRESET"}
    assert tls_target.requests == []


def test_a_server_of_http2_fails_a_test_of_http1(http2: str, service: Service) -> None:
    result = service.run(http_test(http2, options={**INSECURE, "httpVersion": "http1"}))
    assert result["status"] == "failed"
    assert result["failure"]["code"] != "INVALID_TEST"


@pytest.mark.parametrize("version", ["any", "http1"])
def test_http1_is_still_spoken(tls_target: Target, service: Service, version: str) -> None:
    options = {**INSECURE, "httpVersion": version}
    result = service.run(http_test(https(tls_target), options=options))
    assert (result["status"], result["response"]["http_version"]) == ("passed", "1.1")


@pytest.mark.parametrize("encoded", [False, True], ids=["PEM", "base64"])
def test_a_client_certificate(
    target: Target, service: Service, certificates: Certificates, encoded: bool
) -> None:
    url = secure(target, certificates, certificates.authority)
    pair = client_pair(certificates, encoded=encoded)
    result = service.run(http_test(url, certificate=pair, options=INSECURE))
    assert result["status"] == "passed", result
    assert pair["key"]["content"][100:200] not in json.dumps(result)


def test_no_client_certificate_is_shown_that_is_not_the_tests(
    target: Target, service: Service, certificates: Certificates
) -> None:
    url = secure(target, certificates, certificates.authority)
    pair = client_pair(certificates)
    assert service.run(http_test(url, certificate=pair, options=INSECURE))["status"] == "passed"
    result = service.run(http_test(url, options=INSECURE))
    assert (result["status"], len(target.requests)) == ("failed", 1)
    assert result["failure"]["code"] in {"SSL", "CONNRESET"}


def test_a_key_of_another_certificate_is_refused(
    target: Target, service: Service, certificates: Certificates
) -> None:
    other = trustme.CA().issue_cert("localhost").private_key_pem.bytes().decode()
    pair = {**client_pair(certificates), "key": {"content": "{{ KEY }}"}}
    variable = {"name": "KEY", "type": "text", "secure": True, "pattern": other}
    result = service.run(
        http_test(target.url, certificate=pair, config={"configVariables": [variable]})
    )
    assert result["failure"]["code"] == "INVALID_TEST"
    assert "config.request.certificate" in result["failure"]["message"]
    assert target.requests == []


def test_a_key_with_a_password_is_refused(
    target: Target, service: Service, certificates: Certificates
) -> None:
    key = load_pem_private_key(certificates.good.key.read_bytes(), None)
    locked = key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"hunter22")
    )
    pair = {**client_pair(certificates), "key": {"content": locked.decode()}}
    result = service.run(http_test(target.url, certificate=pair))
    assert result["failure"]["code"] == "INVALID_TEST"
    assert target.requests == []


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"options": {"httpVersion": "http3"}}, "httpVersion 'http3'"),
    ({"certificate": {"cert": {"filename": "a"}, "key": {}}}, "certificate.cert has no content"),
    ({"certificate": {"cert": {"content": "a"}}}, "certificate.key has no content"),
    ({"certificate": {"cert": {"content": "a"}, "key": {"content": "b"}}}, "PEM format"),
    ({"certificateDomains": ["a"]}, "config.request.certificateDomains"),
    ({"proxy": {"headers": {}}}, "proxy.url"),
    ({"proxy": {"url": "http://a", "novelty": 1}}, "proxy.novelty"),
    ({"proxy": {"url": "http://a", "headers": {"a": 1}}}, "proxy.headers"),
]


@pytest.mark.parametrize(("part", "named"), REFUSED, ids=[named for _, named in REFUSED])
def test_what_is_not_supported_is_refused_by_name(
    target: Target, service: Service, part: dict[str, Any], named: str
) -> None:
    result = service.run(http_test(target.url, **part))
    assert result["failure"]["code"] == "INVALID_TEST"
    assert named in result["failure"]["message"]
    assert target.requests == []
