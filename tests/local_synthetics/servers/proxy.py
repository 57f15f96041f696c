"""An HTTP proxy that opens tunnels, passes plain requests on, and keeps what it was asked."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.local_synthetics.servers.loop import running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


@dataclass
class Proxy:
    """`heads` are the requests' first lines and headers. `refusal` is answered in their place."""

    refusal: bytes = b""
    port: int = 0
    heads: list[str] = field(default_factory=list)


@contextmanager
def proxy_server(refusal: bytes = b"") -> Iterator[Proxy]:
    """A running proxy."""
    with running(_serving(Proxy(refusal))) as proxy:
        yield proxy


@asynccontextmanager
async def _serving(proxy: Proxy) -> AsyncIterator[Proxy]:
    talks: set[asyncio.Task[None]] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            proxy.heads.append(head.decode())
            if proxy.refusal:
                writer.write(proxy.refusal)
            else:
                await _pass_on(head, reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client has gone, or the proxy goes
        finally:
            writer.close()

    def begun(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(talk(reader, writer))
        talks.add(task)
        task.add_done_callback(talks.discard)

    server = await asyncio.start_server(begun, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        # A browser keeps its connections.
        for task in talks:
            task.cancel()
        await asyncio.gather(*talks)
        await server.wait_closed()


async def _pass_on(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    method, where, _ = head.split(b" ", 2)
    tunnel = method == b"CONNECT"
    url = urlsplit(f"//{where.decode()}" if tunnel else where.decode())
    target_reader, target_writer = await asyncio.open_connection("127.0.0.1", url.port)
    if tunnel:
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
    else:
        target_writer.write(head.replace(where, url.path.encode() or b"/", 1))
    await asyncio.gather(_copy(reader, target_writer), _copy(target_reader, writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()
