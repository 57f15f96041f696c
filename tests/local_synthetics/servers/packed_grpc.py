"""A gRPC server whose answer is packed, as large as it may be."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING

import h2.config
import h2.connection
import h2.events

from tests.local_synthetics.servers.loop import running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

_GZIP = b"\x01"  # the flag of a packed message


@contextmanager
def packed_grpc_server(message: bytes) -> Iterator[int]:
    """The port. Every call is answered with the message, which is gzip's."""
    with running(_serving(_GZIP + len(message).to_bytes(4, "big") + message)) as port:
        yield port


@asynccontextmanager
async def _serving(frame: bytes) -> AsyncIterator[int]:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            await _talk(reader, writer, frame)
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


async def _talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, frame: bytes) -> None:
    config = h2.config.H2Configuration(client_side=False, header_encoding="utf-8")
    connection = h2.connection.H2Connection(config)
    connection.initiate_connection()
    writer.write(connection.data_to_send())
    left: dict[int, bytes] = {}
    while data := await reader.read(65_536):
        for event in connection.receive_data(data):
            if isinstance(event, h2.events.StreamEnded):
                headers = [(":status", "200"), ("content-type", "application/grpc")]
                connection.send_headers(event.stream_id, [*headers, ("grpc-encoding", "gzip")])
                left[event.stream_id] = frame
            elif isinstance(event, h2.events.StreamReset):
                left.pop(event.stream_id, None)
        for stream in list(left):
            _go_on(connection, stream, left)
        writer.write(connection.data_to_send())
        await writer.drain()


def _go_on(connection: h2.connection.H2Connection, stream: int, left: dict[int, bytes]) -> None:
    """Send what the windows let through, and the end after it."""
    while left[stream] and (window := connection.local_flow_control_window(stream)):
        size = min(window, connection.max_outbound_frame_size)
        connection.send_data(stream, left[stream][:size])
        left[stream] = left[stream][size:]
    if not left[stream]:
        connection.send_headers(stream, [("grpc-status", "0")], end_stream=True)
        del left[stream]
