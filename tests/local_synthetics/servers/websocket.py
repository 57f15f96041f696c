"""A WebSocket server that echoes, with paths for what goes wrong."""

from __future__ import annotations

import ssl
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from websockets.asyncio.server import ServerConnection, serve

from tests.local_synthetics.servers.loop import running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from websockets.http11 import Request, Response

    from tests.local_synthetics.servers.certificates import Pair


@dataclass
class WebsocketServer:
    """`asked` holds the headers of each handshake, `received` each message."""

    port: int = 0
    asked: list[dict[str, str]] = field(default_factory=list)
    received: list[str | bytes] = field(default_factory=list)


@contextmanager
def websocket_server(pair: Pair | None = None) -> Iterator[WebsocketServer]:
    """Run it, with TLS if it is given a certificate."""
    context = None
    if pair:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair.chain, pair.key)
    with running(_serving(context)) as server:
        yield server


@asynccontextmanager
async def _serving(context: ssl.SSLContext | None) -> AsyncIterator[WebsocketServer]:
    server = WebsocketServer()

    async def answer(connection: ServerConnection) -> None:
        await _begin(connection)
        async for message in connection:
            server.received.append(message)
            if message != "silence":
                await connection.send(message)

    def admit(connection: ServerConnection, request: Request) -> Response | None:
        server.asked.append({name.lower(): value for name, value in request.headers.raw_items()})
        if request.path == "/forbidden":
            return connection.respond(HTTPStatus.FORBIDDEN, "no")
        return None

    def adorn(_connection: ServerConnection, _request: Request, response: Any) -> None:
        response.headers["X-Dog"] = "beagle"
        response.headers["X-Count"] = "7"
        response.headers["X-Twice"] = "bad"
        response.headers["x-twice"] = "good"
        response.headers["Set-Cookie"] = "session=s3cr3t-cookie"

    async with serve(
        answer,
        "127.0.0.1",
        0,
        ssl=context,
        process_request=admit,
        process_response=adorn,
        close_timeout=1,
    ) as listening:
        server.port = next(iter(listening.sockets)).getsockname()[1]
        yield server


async def _begin(connection: ServerConnection) -> None:
    assert connection.request is not None
    match connection.request.path:
        case "/greeting":
            await connection.send("welcome")
        case "/huge":
            await connection.send("x" * (1024 * 1024 + 1))
        case "/close":
            await connection.close(1011, "no dogs today")
        case "/drop":
            connection.transport.abort()
