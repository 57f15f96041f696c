"""Answers that are small on the wire and huge unpacked: a real service survives each of them."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import threading
import zlib
from functools import cache
from typing import TYPE_CHECKING, Any

import brotli
import httpx
import pytest
import spnego
import websockets.sync.server as websockets_server
from hypothesis import given
from hypothesis import strategies as st

from pytest_storedog_gate.local_synthetics.kinds.http.bounded_answers import BoundedResponse
from tests.local_synthetics.servers.packed_grpc import packed_grpc_server
from tests.local_synthetics.support.network_tests import failure, network_test, that
from tests.local_synthetics.support.processes import forget_peak_memory, peak_memory, running
from tests.local_synthetics.support.service import Service, Target, http_test

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator
    from pathlib import Path

    from tests.local_synthetics.support.service import Handler, Json

MIB = 1024 * 1024
HUGE = 192  # MiB, far over what a check may cost
MOST = 100 * MIB  # that a check may cost beside what the service has already


@pytest.fixture(scope="module")
def own() -> Iterator[tuple[int, Service]]:
    """The process ID of a service, and a client."""
    with running() as (process, service):
        # What it loads when it first runs a check of the kind is not the answer's.
        for subtype, request in (("http", {"url": "http://127.0.0.1:1"}), ("grpc", {"port": 1})):
            fine = that("statusCode", "is", 200) if subtype == "http" else SERVING
            service.run(network_test(subtype, {"host": "127.0.0.1", **request}, fine))
        yield process.pid, service


SERVING = that("grpcHealthcheckStatus", "is", 1)


def with_zlib(form: int) -> Callable[[Iterable[bytes]], bytes]:
    def packed(parts: Iterable[bytes]) -> bytes:
        packer = zlib.compressobj(level=1, wbits=form)
        return b"".join([*map(packer.compress, parts), packer.flush()])

    return packed


def with_brotli(parts: Iterable[bytes]) -> bytes:
    packer = brotli.Compressor(quality=5, lgwin=24)
    return b"".join([*map(packer.process, parts), packer.finish()])


PACKERS = {
    "gzip": with_zlib(zlib.MAX_WBITS | 16),
    "deflate": with_zlib(zlib.MAX_WBITS),
    "raw deflate": with_zlib(-zlib.MAX_WBITS),
    "br": with_brotli,
}


@cache
def bomb(*packers: str, first: bytes = b"") -> bytes:
    """Zeros after `first`, packed by each of the packers in turn."""
    *inner, last = packers
    return PACKERS[last]([bomb(*inner, first=first)] if inner else (first, *[bytes(MIB)] * HUGE))


def endless_name() -> bytes:
    """A head of gzip whose file name has no end yet, packed: it unpacks to nothing, for long."""
    head = b"\x1f\x8b\x08\x08" + bytes(6)
    return with_brotli((head, *(b"x" * MIB for _ in range(HUGE))))


BOMBS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "gzip": ("gzip", lambda: bomb("gzip")),
    "GZIP": ("GZIP", lambda: bomb("gzip")),
    "x-gzip": ("x-gzip", lambda: bomb("gzip")),
    "deflate": ("deflate", lambda: bomb("deflate")),
    "raw deflate": ("deflate", lambda: bomb("raw deflate")),
    "br": ("br", lambda: bomb("br")),
    "br within gzip": ("br, gzip", lambda: bomb("br", "gzip")),
    "gzip within gzip": ("gzip, gzip", lambda: bomb("gzip", "gzip")),
    "gzip within br": ("gzip, br", lambda: bomb("gzip", "br")),
    "a name without an end": ("gzip, br", endless_name),
    "not packed": ("identity", lambda: bytes(64 * MIB)),
}


def answering(
    target: Target,
    path: str,
    encoding: str,
    content: bytes,
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> None:
    def answer(handler: Handler) -> tuple[int, dict[str, str], str]:
        handler.send_response(status)
        sizes = {"Content-Encoding": encoding, "Content-Length": str(len(content))}
        for name, value in {**(headers or {}), **sizes}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(content)
        return 0, {}, ""

    target.routes[path] = answer


def survived(own: tuple[int, Service], definition: Json) -> tuple[str, str]:
    """The failure's code and message; it took little memory."""
    pid, service = own
    forget_peak_memory(pid)
    before = peak_memory(pid)
    found = failure(service, definition)
    assert peak_memory(pid) - before < MOST
    return found


@pytest.mark.parametrize("name", BOMBS)
def test_a_body_that_is_huge_unpacked_is_a_named_failure(
    own: tuple[int, Service], target: Target, name: str
) -> None:
    encoding, made = BOMBS[name]
    answering(target, "/bomb", encoding, made())
    assert survived(own, http_test(f"{target.url}/bomb", that("body", "contains", "x"))) == (
        "BODY_TOO_LARGE",
        "The body is over 10485760 bytes.",
    )


DIGEST = {"WWW-Authenticate": 'Digest realm="r", nonce="n", qop="auth", algorithm=MD5'}
USER = {"username": "dog", "password": "s3cr3t-of-the-dog"}
OAUTH = {"type": "oauth-client", "clientId": "dog", "clientSecret": "s3cr3t-of-the-dog"}


@pytest.mark.parametrize("scheme", ["digest", "ntlm"])
def test_the_answer_with_a_challenge_has_the_same_limit(
    own: tuple[int, Service],
    target: Target,
    scheme: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    users = tmp_path / "users"
    users.write_text("SHOP:dog:s3cr3t-of-the-dog\n")
    monkeypatch.setenv("NTLM_USER_FILE", str(users))

    def answer(handler: Handler) -> tuple[int, dict[str, str], str]:
        headers = DIGEST if scheme == "digest" else {"WWW-Authenticate": ntlm_challenge(handler)}
        answering(target, "/challenge", "br", bomb("br"), status=401, headers=headers)
        return target.routes["/challenge"](handler)

    target.routes["/bomb"] = answer
    wanted = http_test(f"{target.url}/bomb", basicAuth={**USER, "type": scheme})
    assert survived(own, wanted)[0] == "BODY_TOO_LARGE"


def ntlm_challenge(handler: Handler) -> str:
    given = base64.b64decode(handler.headers["Authorization"].removeprefix("NTLM "))
    challenge = spnego.server(protocol="ntlm").step(given) or b""
    return f"NTLM {base64.b64encode(challenge).decode()}"


def test_an_access_token_has_the_same_limit(own: tuple[int, Service], target: Target) -> None:
    answering(target, "/token", "br", bomb("br"))
    auth = {**OAUTH, "accessTokenUrl": f"{target.url}/token", "tokenApiAuthentication": "header"}
    code, message = survived(own, http_test(target.url, basicAuth=auth))
    assert (code, "over 10485760 bytes" in message) == ("AUTHENTICATION_ERROR", True)


def test_a_redirect_has_the_same_limit(own: tuple[int, Service], target: Target) -> None:
    answering(target, "/from", "br", bomb("br"), status=302, headers={"Location": "/"})
    wanted = http_test(f"{target.url}/from", options={"follow_redirects": True})
    assert survived(own, wanted)[0] == "BODY_TOO_LARGE"


def test_encodings_within_encodings_have_a_limit(own: tuple[int, Service], target: Target) -> None:
    answering(target, "/bomb", ", ".join(["br"] * 3000), b"x")
    code, message = survived(own, http_test(f"{target.url}/bomb"))
    assert (code, "over 5 encodings" in message) == ("MALFORMED_RESPONSE", True)


@pytest.mark.parametrize("kind", ["application/json", "text/event-stream"])
def test_an_answer_of_mcp_has_a_limit(own: tuple[int, Service], target: Target, kind: str) -> None:
    content = bomb("br", first=b"data: ")
    answering(target, "/mcp", "br", content, headers={"Content-Type": kind})
    request = {"url": f"{target.url}/mcp", "callType": "init"}
    wanted = network_test("mcp", request, that("statusCode", "is", 200))
    assert survived(own, wanted) == ("BODY_TOO_LARGE", "The body is over 5242880 bytes.")


def test_nobody_reads_what_the_end_of_a_session_is_answered_with(
    own: tuple[int, Service], target: Target
) -> None:
    said: list[str] = []

    def answer(handler: Handler) -> tuple[int, dict[str, str], str]:
        said.append(handler.command)
        if handler.command == "DELETE":
            answering(target, "/end", "br", bomb("br"))
            return target.routes["/end"](handler)
        body = '{"jsonrpc": "2.0", "id": 1, "result": {"protocolVersion": "2025-06-18"}}'
        return 200, {"Content-Type": "application/json", "Mcp-Session-Id": "s"}, body

    target.routes["/mcp"] = answer
    pid, service = own
    forget_peak_memory(pid)
    before = peak_memory(pid)
    request = {"url": f"{target.url}/mcp", "callType": "init"}
    result = service.run(network_test("mcp", request, that("statusCode", "is", 200)))
    assert result["status"] == "passed", result
    assert said[-1] == "DELETE"
    assert peak_memory(pid) - before < MOST


def test_a_message_of_a_websocket_has_a_limit(own: tuple[int, Service]) -> None:
    def answer(connection: websockets_server.ServerConnection) -> None:
        connection.recv()
        connection.send(bytes(HUGE * MIB))

    with websockets_server.serve(answer, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        port = server.socket.getsockname()[1]
        request = {"url": f"ws://127.0.0.1:{port}/", "message": "woof"}
        wanted = network_test("websocket", request, that("receivedMessage", "is", "woof"))
        assert survived(own, wanted)[0] == "BODY_TOO_LARGE"
        server.shutdown()
        thread.join()


def test_a_message_of_grpc_has_a_limit(own: tuple[int, Service]) -> None:
    with packed_grpc_server(bomb("gzip")) as port:
        request = {"host": "127.0.0.1", "port": port, "callType": "healthcheck"}
        assert survived(own, network_test("grpc", request, SERVING))[0] == "BODY_TOO_LARGE"


@pytest.mark.parametrize("packer", PACKERS)
def test_a_body_of_as_many_bytes_as_are_allowed_is_read_whole(
    own: tuple[int, Service], target: Target, packer: str
) -> None:
    text = b"0123456789abcdef" * (10 * MIB // 16)
    answering(target, "/fits", packer.rpartition(" ")[2], PACKERS[packer]([text]))
    same = that("bodyHash", "md5", hashlib.md5(text, usedforsecurity=False).hexdigest())
    result: dict[str, Any] = own[1].run(http_test(f"{target.url}/fits", same))
    assert result["status"] == "passed", result


def read(name: str, packed: bytes, cut: int, limit: int = 10 * MIB) -> bytes:
    """The body that comes in pieces of `cut` bytes, packed by a packer of this name."""

    class Pieces(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            for start in range(0, len(packed), cut):
                yield packed[start : start + cut]

    async def body() -> bytes:
        headers = {"Content-Encoding": name.rpartition(" ")[2]}
        return await BoundedResponse(200, headers=headers, stream=Pieces(), limit=limit).aread()

    return asyncio.run(body())


CUTS = st.one_of(st.integers(1, 30), st.integers(1, 200_000))


@pytest.mark.parametrize("packer", PACKERS)
@given(text=st.binary(max_size=300_000), repeated=st.integers(1, 400), cut=CUTS)
def test_what_was_packed_is_unpacked_whatever_the_pieces(
    packer: str, text: bytes, repeated: int, cut: int
) -> None:
    text = (text * (repeated if cut > 1000 else 1))[: 9 * MIB]
    assert read(packer, PACKERS[packer]([text]), cut, 9 * MIB + 1000) == text


@given(
    texts=st.lists(st.one_of(st.binary(max_size=100), st.just(bytes(200_000))), max_size=5),
    cut=CUTS,
)
def test_all_members_of_gzip_are_one_body(texts: list[bytes], cut: int) -> None:
    packed = b"".join(PACKERS["gzip"]([text]) for text in texts)
    assert read("gzip", packed, cut) == b"".join(texts)


@pytest.mark.parametrize("packer", PACKERS)
@given(text=st.binary(min_size=1, max_size=1000), cut=CUTS, data=st.data())
def test_a_stream_without_its_end_is_none(
    packer: str, text: bytes, cut: int, data: st.DataObject
) -> None:
    packed = PACKERS[packer]([text])
    with pytest.raises(httpx.DecodingError):
        read(packer, packed[: data.draw(st.integers(1, len(packed) - 1))], cut)


@pytest.mark.parametrize("packer", PACKERS)
@given(text=st.binary(max_size=1000), cut=CUTS, more=st.binary(min_size=1, max_size=17))
def test_what_follows_a_stream_and_is_none_is_refused(
    packer: str, text: bytes, cut: int, more: bytes
) -> None:
    with pytest.raises(httpx.DecodingError):
        read(packer, PACKERS[packer]([text]) + more, cut)


GZIP = PACKERS["gzip"]
ENDED_WRONG = {
    "a zero after zeros": ("gzip", GZIP([bytes(200_000)]) + b"\0"),
    "a zero after members": ("gzip", GZIP([bytes(MIB)]) * 3 + b"\0"),
    "a member without its end": ("gzip", GZIP([b"fine"]) + GZIP([b"error"])[:-1]),
    "gzip in gzip without its end": ("gzip, gzip", GZIP([GZIP([bytes(MIB)])[:-1]])),
    "gzip in brotli with more": ("gzip, br", with_brotli([GZIP([bytes(MIB)]), b"\0"])),
    "a second stream of deflate": ("deflate", PACKERS["deflate"]([b"fine"]) * 2),
    "a second stream of brotli": ("br", with_brotli([b"fine"]) * 2),
    "zstd": ("zstd", b"\x28\xb5\x2f\xfd"),
}


@pytest.mark.parametrize("name", ENDED_WRONG)
def test_a_body_that_ends_wrong_is_malformed(
    own: tuple[int, Service], target: Target, name: str
) -> None:
    answering(target, "/wrong", *ENDED_WRONG[name])
    wanted = http_test(f"{target.url}/wrong", that("body", "doesNotContain", "error"))
    assert failure(own[1], wanted)[0] == "MALFORMED_RESPONSE"


def test_what_stands_in_a_later_member_is_asserted(
    own: tuple[int, Service], target: Target
) -> None:
    answering(target, "/two", "gzip", GZIP([b'{"ok": true, ']) + GZIP([b'"error": "db down"}']))
    result = own[1].run(http_test(f"{target.url}/two", that("body", "doesNotContain", "error")))
    assert result["failure"]["code"] == "INCORRECT_ASSERTION"


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("gzip", GZIP([bytes(MIB)]) * 9),
        ("gzip", GZIP([]) * 20_000),
        ("gzip, br", with_brotli([GZIP([])] * 20_000)),
        ("br", with_brotli([bytes(9 * MIB)])),
    ],
    ids=["members", "empty members", "within brotli", "brotli"],
)
def test_others_go_on_while_a_large_body_is_unpacked(encoding: str, packed: bytes) -> None:
    """No more is unpacked at once than a piece."""
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def unpack() -> None:
        response = BoundedResponse(
            200,
            headers={"Content-Encoding": encoding},
            stream=httpx.ByteStream(packed),
            limit=10 * MIB,
        )
        beside = asyncio.create_task(others())
        await response.aread()
        beside.cancel()

    asyncio.run(unpack())
    assert turns > 50
