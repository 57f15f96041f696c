"""Bodies that come compressed."""

from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING

import pytest

from tests.local_synthetics.support.network_tests import that
from tests.local_synthetics.support.service import Handler, Service, Target, http_test

if TYPE_CHECKING:
    from tests.local_synthetics.support.service import Answer


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
