"""Answers of targets whose bodies have a limit, also unpacked: 1,617 bytes of Brotli hold 2 GB.

httpx unpacks whatever one read from the socket brought at once. Here it comes in small pieces, and
nobody asks for more of them once the limit is reached, whichever way the body is read.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any, Protocol

import brotli
import httpx

from pytest_storedog_gate.local_synthetics.failures import CheckFailed

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Callable, Iterator, Sequence

_PIECE = 64 * 1024  # bytes
_MOST_ENCODINGS = 5  # one within the other


class BoundedTransport(httpx.AsyncHTTPTransport):
    """Its answers are `BoundedResponse`s of at most `limit` bytes."""

    def __init__(self, *, limit: int, verify: ssl.SSLContext | bool, **options: Any) -> None:
        """`options` are further ones of `httpx.AsyncHTTPTransport`."""
        super().__init__(verify=verify, trust_env=False, **options)
        self._limit = limit

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """See `httpx.AsyncHTTPTransport`."""
        # It follows no redirects and reads no body, so that nothing is lost but the wrapping.
        got = await super().handle_async_request(request)
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

    async def aiter_bytes(self, chunk_size: int | None = None) -> AsyncIterator[bytes]:
        """The body, unpacked. Everything that httpx reads of a body comes through here.

        Raises CheckFailed where it is over the limit, httpx.DecodingError where it is not what
        its headers say. What is packed in a way that is not in `ENCODINGS` comes as it is.
        """
        if hasattr(self, "_content"):
            async for piece in super().aiter_bytes(chunk_size):
                yield piece
            return
        stages = [_UNPACKERS[name]() for name in reversed(self._encodings())]
        sizes = [0] * (len(stages) + 1)

        def unpacked(data: bytes, stage: int) -> Iterator[bytes]:
            sizes[stage] += len(data)
            if sizes[stage] > self._limit:
                raise CheckFailed("BODY_TOO_LARGE", f"The body is over {self._limit} bytes.")
            if stage == len(stages):
                yield data
                return
            for piece in stages[stage].unpack(data):
                yield from unpacked(piece, stage + 1)

        async for data in self.aiter_raw():
            try:
                for piece in unpacked(data, 0):
                    yield piece
            except (zlib.error, brotli.error) as error:
                raise httpx.DecodingError(str(error)) from None

    def _encodings(self) -> list[str]:
        named = self.headers.get("content-encoding", "").split(",")
        known = [name for one in named if (name := one.strip().lower()) in _UNPACKERS]
        if len(known) > _MOST_ENCODINGS:
            raise httpx.DecodingError(f"over {_MOST_ENCODINGS} encodings, one within the other")
        return known


class _Unpacker(Protocol):
    def unpack(self, data: bytes) -> Iterator[bytes]:
        """What is known now that this came too, in pieces. Raises zlib.error, brotli.error."""


class _Zlib:
    def __init__(self, *formats: int) -> None:
        self._decoder = zlib.decompressobj(formats[0])
        self._other_formats: Sequence[int] = formats[1:]

    def unpack(self, data: bytes) -> Iterator[bytes]:
        while True:
            piece = self._piece(data)
            yield piece
            data = self._decoder.unconsumed_tail
            if not data and len(piece) < _PIECE:
                return

    def _piece(self, data: bytes) -> bytes:
        """The first data decide which format it is."""
        formats, self._other_formats = self._other_formats, ()
        try:
            return self._decoder.decompress(data, _PIECE)
        except zlib.error:
            if not formats:
                raise
            self._decoder = zlib.decompressobj(formats[0])
            return self._decoder.decompress(data, _PIECE)


class _Brotli:
    def __init__(self) -> None:
        self._decoder = brotli.Decompressor()

    def unpack(self, data: bytes) -> Iterator[bytes]:
        # It keeps what it has unpacked but not given, too, and tells only of what it has not read.
        while data or not self._decoder.is_finished():
            piece = self._decoder.process(data, output_buffer_limit=_PIECE)
            if not piece and self._decoder.can_accept_more_data():
                return
            yield piece
            data = b""


_UNPACKERS: dict[str, Callable[[], _Unpacker]] = {
    "gzip": lambda: _Zlib(zlib.MAX_WBITS | 16),
    # As RFC 9110 has it or, from many servers, without zlib's header.
    "deflate": lambda: _Zlib(zlib.MAX_WBITS, -zlib.MAX_WBITS),
    "br": _Brotli,
}
ENCODINGS = tuple(_UNPACKERS)
"""What a body may be packed in, to be asked for in `Accept-Encoding`."""
