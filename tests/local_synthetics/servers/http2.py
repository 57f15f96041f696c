"""A server that speaks HTTP/2 and nothing else, and says what it was asked."""

from __future__ import annotations

import asyncio
import json
import ssl
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING

import h2.config
import h2.connection
import h2.events

from tests.local_synthetics.servers.loop import running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tests.local_synthetics.servers.certificates import Pair


@contextmanager
def http2_server(pair: Pair | None = None) -> Iterator[int]:
    """The port. Without a certificate the server expects HTTP/2 at once, without TLS."""
    context = None
    if pair:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair.chain, pair.key)
        context.set_alpn_protocols(["h2"])
    with running(_serving(context)) as port:
        yield port


@asynccontextmanager
async def _serving(context: ssl.SSLContext | None) -> AsyncIterator[int]:
    server = await asyncio.start_server(_talk, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


async def _talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    config = h2.config.H2Configuration(client_side=False, header_encoding="utf-8")
    connection = h2.connection.H2Connection(config)
    connection.initiate_connection()
    asked: dict[int, dict[str, str]] = {}
    with suppress(OSError):
        writer.write(connection.data_to_send())
        while data := await reader.read(65_536):
            for event in connection.receive_data(data):
                if isinstance(event, h2.events.RequestReceived):
                    headers = {str(name): str(value) for name, value in event.headers or []}
                    asked[event.stream_id] = {**headers, "body": ""}
                elif isinstance(event, h2.events.DataReceived):
                    asked[event.stream_id]["body"] += (event.data or b"").decode()
                elif isinstance(event, h2.events.StreamEnded):
                    _answer(connection, event.stream_id, json.dumps(asked[event.stream_id]))
            writer.write(connection.data_to_send())
            await writer.drain()
        writer.close()
        await writer.wait_closed()


def _answer(connection: h2.connection.H2Connection, stream: int, body: str) -> None:
    headers = [(":status", "200"), ("content-type", "application/json")]
    connection.send_headers(stream, headers)
    connection.send_data(stream, body.encode(), end_stream=True)
