"""Answers of targets whose bodies have a limit, also unpacked: 1,617 bytes of Brotli hold 2 GB.

httpx unpacks whatever one read from the socket brought at once. Here it comes in small pieces, and
nobody asks for more of them once the limit is reached, whichever way the body is read.
"""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import zlib
from typing import TYPE_CHECKING, Any

import brotli
import h11
import httpx

from pytest_storedog_gate.local_synthetics.failures import CheckFailed

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator

_PIECE = 64 * 1024  # bytes
_HEAD = 2  # bytes that tell one format of zlib's from the others
# They take a time that grows with the square of the size, or refuse what is too long.
_OF_PYTHON = frozenset({"idna", "punycode", "unicode-escape", "raw-unicode-escape"})
_MOST_ENCODINGS = 5  # one within the other


def bounded_client(transport: BoundedTransport) -> httpx.AsyncClient:
    """A client without a limit of time, which asks for what can be unpacked."""
    return httpx.AsyncClient(
        transport=transport,
        headers={"Accept-Encoding": ", ".join(_UNPACKERS)},
        timeout=None,  # noqa: S113 `within` limits the whole
        trust_env=False,
    )


class BoundedTransport(httpx.AsyncHTTPTransport):
    """Its answers are `BoundedResponse`s of at most `limit` bytes."""

    def __init__(self, *, limit: int, verify: ssl.SSLContext | bool, **options: Any) -> None:
        """`options` are further ones of `httpx.AsyncHTTPTransport`."""
        super().__init__(verify=verify, trust_env=False, **options)
        self._limit = limit

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        # It follows no redirects and reads no body, so that nothing is lost but the wrapping.
        try:
            got = await super().handle_async_request(request)
        except h11.LocalProtocolError as error:  # of a body, which httpx does not look at
            raise httpx.LocalProtocolError(str(error)) from None
        return BoundedResponse(
            got.status_code,
            headers=got.headers.raw,
            stream=got.stream,
            extensions=got.extensions,
            limit=self._limit,
        )


class BoundedResponse(httpx.Response):
    """One whose body has `limit` bytes at most, as it is sent, in between and unpacked."""

    def __init__(self, status_code: int, *, limit: int, **options: Any) -> None:
        super().__init__(status_code, **options)
        self._limit = limit

    @property
    def charset_encoding(self) -> str | None:
        """The encoding of texts that Content-Type names; Python knows others by such names."""
        named = super().charset_encoding
        try:
            b"a".decode(named or "", errors="replace")
            of_python = codecs.lookup(named or "").name.replace("_", "-") in _OF_PYTHON
        except (LookupError, ValueError):
            return None
        return None if of_python else named

    async def aiter_bytes(self, chunk_size: int | None = None) -> AsyncIterator[bytes]:
        """The body, unpacked. Everything that httpx reads of a body comes through here.

        Raises CheckFailed where it is over the limit, httpx.DecodingError where it is not what
        its headers say: it has no end, or something else after it. What is packed in another way
        comes as it is.
        """
        if hasattr(self, "_content"):
            async for piece in super().aiter_bytes(chunk_size):
                yield piece
            return
        unpacking = _Unpacking(reversed(self._encodings()), self._limit)
        try:
            async for data in self.aiter_raw():
                for piece in unpacking.unpack(data):
                    if piece:
                        yield piece
                    # Others go on meanwhile, and a limit of time is kept.
                    await asyncio.sleep(0)
            unpacking.end()
        except (zlib.error, brotli.error) as error:
            raise httpx.DecodingError(str(error)) from None

    def _encodings(self) -> list[str]:
        named = self.headers.get("content-encoding", "").split(",")
        known = [name for one in named if (name := _encoding(one)) in _UNPACKERS]
        if len(known) > _MOST_ENCODINGS:
            raise httpx.DecodingError(f"over {_MOST_ENCODINGS} encodings, one within the other")
        return known


class _Unpacking:
    """The unpacking of one body, which is packed in one way or in several, one within the other."""

    def __init__(self, encodings: Iterable[str], limit: int) -> None:
        """`encodings`: the outermost first."""
        self._stages = [_UNPACKERS[name]() for name in encodings]
        self._sizes = [0] * (len(self._stages) + 1)
        self._limit = limit

    def unpack(self, data: bytes, stage: int = 0) -> Iterator[bytes]:
        """As of one stage. Raises CheckFailed as well."""
        self._sizes[stage] += len(data)
        if self._sizes[stage] > self._limit:
            raise CheckFailed("BODY_TOO_LARGE", f"The body is over {self._limit} bytes.")
        if stage == len(self._stages):
            yield data
            return
        for piece in self._stages[stage].unpack(data):
            yield from self.unpack(piece, stage + 1)

    def end(self) -> None:
        """Raises httpx.DecodingError where more should have come."""
        if any(stage.is_amid() for stage in self._stages):
            raise httpx.DecodingError("what is packed has no end")


class _Zlib:
    """A stream in the first of some formats that its head fits, or in the last one.

    `joined`: more of them may follow, which are one with it (RFC 1952, section 2.2).
    """

    def __init__(self, *formats: int, joined: bool = False) -> None:
        self._formats = formats
        self._joined = joined
        self._head = b""  # of a stream, until it is known which format it has
        self._decoder: zlib._Decompress | None = None  # of the stream that is read
        self._ended = False  # one has

    def unpack(self, data: bytes) -> Iterator[bytes]:
        """What is known now that this came too, in pieces, which may be empty.

        Raises zlib.error, brotli.error, httpx.DecodingError.
        """
        piece = b""
        while data or len(piece) == _PIECE:
            piece, left = self._decoded(data)
            if left == data and left and not piece:
                raise httpx.DecodingError("what is packed cannot be unpacked further")
            yield piece
            data = left

    def is_amid(self) -> bool:
        """Whether something has begun that has no end yet."""
        return bool(self._decoder or self._head)

    def _decoded(self, data: bytes) -> tuple[bytes, bytes]:
        """The next piece, and what is still packed."""
        if self._decoder is None:
            if data and self._ended and not self._joined:
                raise httpx.DecodingError("something follows the end of what is packed")
            data, self._head = self._head + data, b""
            if len(data) < _HEAD:
                self._head = data
                return b"", b""
            self._decoder = self._decoder_of(data[:_HEAD])
        decoder = self._decoder
        piece = decoder.decompress(data, _PIECE)
        if not decoder.eof:
            return piece, decoder.unconsumed_tail
        self._decoder, self._ended = None, True
        return piece, decoder.unused_data

    def _decoder_of(self, head: bytes) -> zlib._Decompress:
        *others, last = self._formats
        for form in others:
            with contextlib.suppress(zlib.error):
                zlib.decompressobj(form).decompress(head)
                return zlib.decompressobj(form)
        return zlib.decompressobj(last)


class _Brotli:
    """As `_Zlib`; it refuses what follows the end of its stream."""

    def __init__(self) -> None:
        self._decoder = brotli.Decompressor()
        self._begun = False

    def unpack(self, data: bytes) -> Iterator[bytes]:
        self._begun |= bool(data)
        # It keeps what it has unpacked but not given, too, and tells only of what it has not read.
        while data or not self._decoder.is_finished():
            piece = self._decoder.process(data, output_buffer_limit=_PIECE)
            yield piece
            data = b""
            if not piece and not self._decoder.is_finished():
                if self._decoder.can_accept_more_data():
                    return
                raise httpx.DecodingError("what is packed cannot be unpacked further")

    def is_amid(self) -> bool:
        return self._begun and not self._decoder.is_finished()


_UNPACKERS: dict[str, Callable[[], _Zlib | _Brotli]] = {
    "gzip": lambda: _Zlib(zlib.MAX_WBITS | 16, joined=True),
    # As RFC 9110 has it or, from many servers, without zlib's header.
    "deflate": lambda: _Zlib(zlib.MAX_WBITS, -zlib.MAX_WBITS),
    "br": _Brotli,
}


def unknown_encodings(header: str) -> set[str]:
    """What a `Content-Encoding` names that a body is not unpacked from."""
    return set(map(_encoding, header.split(","))) - {*_UNPACKERS, "", "identity"}


def _encoding(named: str) -> str:
    """What is meant by a name in `Content-Encoding`: `x-gzip` is `gzip` (RFC 9110, 8.4.1.3)."""
    return named.strip().lower().removeprefix("x-")
