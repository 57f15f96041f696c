"""How an HTTP API test reaches its target: HTTP/2, client certificates, proxies, compression."""

from __future__ import annotations

import base64
import gzip
import json
import ssl
import zlib
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from tests.local_synthetics.network_tests import that
from tests.local_synthetics.servers.certificates import Certificates
from tests.local_synthetics.servers.http2 import http2_server
from tests.local_synthetics.servers.ports import refusing_port
from tests.local_synthetics.servers.proxy import proxy_server
from tests.local_synthetics.support import Handler, Service, Target, http_test

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.local_synthetics.support import Answer

INSECURE = {"allow_insecure": True}


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def tls_target(target: Target, certificates: Certificates) -> Target:
    """A target that speaks HTTP/1.1 over TLS; `url` stays that of plain HTTP."""
    secure(target, certificates)
    return target


def secure(target: Target, certificates: Certificates, clients: Path | None = None) -> str:
    """Put TLS before the target. `clients`: the authority of those that may come in."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.good.chain, certificates.good.key)
    if clients:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(clients)
    target.server.socket = context.wrap_socket(
        target.server.socket, server_side=True, do_handshake_on_connect=False
    )
    return https(target)


def https(target: Target) -> str:
    return target.url.replace("http:", "https:")


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


def client_pair(certificates: Certificates, *, encoded: bool = False) -> dict[str, Any]:
    def content(path: Path) -> str:
        return base64.b64encode(path.read_bytes()).decode() if encoded else path.read_text()

    good = certificates.good
    return {
        "cert": {"content": content(good.chain), "filename": "client.pem"},
        "key": {"content": content(good.key)},
    }


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


def test_a_plain_request_goes_through_the_proxy(target: Target, service: Service) -> None:
    with proxy_server() as proxy:
        wanted = {
            "url": f"http://dog:hunter22@127.0.0.1:{proxy.port}",
            "headers": {"X-Api-Key": "proxy-secret"},
        }
        for status in (200, 201):
            url = f"http://shop.invalid:{target.server.server_port}/"
            definition = http_test(url, that("statusCode", "is", status), proxy=wanted)
            result = service.run(definition)
            assert result["status"] == ("passed" if status == 200 else "failed"), result
    head = proxy.heads[0].lower()
    assert head.startswith(f"get {url} http/1.1")
    assert "x-api-key: proxy-secret" in head
    token = base64.b64encode(b"dog:hunter22").decode().lower()
    assert f"proxy-authorization: basic {token}" in head
    assert "hunter22" not in json.dumps(result)


def test_a_secure_request_goes_through_a_tunnel(
    tls_target: Target, service: Service, certificates: Certificates
) -> None:
    with proxy_server() as proxy:
        wanted = {"url": f"http://127.0.0.1:{proxy.port}", "headers": {"X-Env": "staging"}}
        result = service.run(http_test(https(tls_target), proxy=wanted, options=INSECURE))
    assert result["status"] == "passed", result
    assert result["timings"]["ssl"] > 0
    assert proxy.heads[0].startswith(f"CONNECT 127.0.0.1:{tls_target.server.server_port} ")
    assert "X-Env: staging" in proxy.heads[0]
    assert "x-env" not in tls_target.requests[0]["headers"]


REFUSAL = b"HTTP/1.1 407 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_refuses_is_not_the_target(
    target: Target, service: Service, scheme: str
) -> None:
    with proxy_server(REFUSAL) as proxy:
        definition = http_test(
            f"{scheme}://127.0.0.1:{target.server.server_port}",
            that("statusCode", "isNot", 500),
            proxy={"url": f"http://127.0.0.1:{proxy.port}"},
        )
        result = service.run(definition)
    assert (result["status"], result["failure"]["code"]) == ("failed", "TUNNEL")
    assert target.requests == []


def test_a_proxy_that_is_not_there(target: Target, service: Service) -> None:
    proxy = {"url": f"http://127.0.0.1:{refusing_port()}"}
    result = service.run(http_test(target.url, proxy=proxy))
    assert result["failure"]["code"] == "CONNREFUSED"
    assert target.requests == []


def packed(target: Target, encoding: str, content: bytes) -> None:
    def answer(handler: Handler) -> Answer:
        handler.send_response(200)
        handler.send_header("Content-Encoding", encoding)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)
        return 0, {}, ""

    target.routes["/packed"] = answer


def brotli(text: bytes) -> bytes:
    """One uncompressed block (RFC 7932, 9.2), so that no library judges itself."""
    # WBITS 16 (0), ISLAST 0, MNIBBLES 4 (00), MLEN-1 in 16 bits, ISUNCOMPRESSED 1
    bits = (len(text) - 1) << 4 | 1 << 20
    return bits.to_bytes(3, "little") + text + b"\x03"


@pytest.mark.parametrize(
    ("encoding", "content"),
    [
        ("gzip", gzip.compress(b"woof")),
        ("deflate", zlib.compress(b"woof")),
        ("br", brotli(b"woof")),
        ("identity", b"woof"),
    ],
    ids=["gzip", "deflate", "br", "identity"],
)
def test_a_compressed_body_is_unpacked(
    target: Target, service: Service, encoding: str, content: bytes
) -> None:
    packed(target, encoding, content)
    for word, status in (("woof", "passed"), ("miaow", "failed")):
        result = service.run(http_test(f"{target.url}/packed", that("body", "is", word)))
        assert (result["status"], result["response"]["body"]) == (status, "woof")
    accepted = target.requests[0]["headers"]["accept-encoding"]
    assert {"gzip", "deflate", "br"} <= {one.strip() for one in accepted.split(",")}


@pytest.mark.parametrize(
    ("encoding", "content"), [("novel", b"foow"), ("gzip", b"not gzip")], ids=str
)
def test_nothing_holds_of_a_body_that_cannot_be_unpacked(
    target: Target, service: Service, encoding: str, content: bytes
) -> None:
    packed(target, encoding, content)
    result = service.run(http_test(f"{target.url}/packed", that("body", "doesNotContain", "error")))
    assert (result["status"], result["failure"]["code"]) == ("failed", "MALFORMED_RESPONSE")


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


def test_a_proxy_that_is_no_url(target: Target, service: Service) -> None:
    result = service.run(http_test(target.url, proxy={"url": "socks5://127.0.0.1:1"}))
    assert (result["failure"]["code"], result["inconclusive"]) == ("INVALID_REQUEST", True)
