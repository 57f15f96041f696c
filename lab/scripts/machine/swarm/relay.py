"""Makes this machine's registry answer at the same address in other networks, until it is ended.

So one reference of an image is good everywhere. Arguments: the namespaces.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from contextlib import suppress

from lab.scripts.machine.swarm.networks import within

_REGISTRY = ("127.0.0.1", 5000)
_CHUNK = 1 << 16


async def _relay(namespaces: list[str]) -> None:
    listening = [within(name, lambda: socket.create_server(_REGISTRY)) for name in namespaces]
    servers = [await asyncio.start_server(_connected, sock=each) for each in listening]
    await asyncio.gather(*(each.serve_forever() for each in servers))


async def _connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        there = await asyncio.open_connection(*_REGISTRY)
    except OSError:
        writer.close()  # as the registry itself would refuse
        return
    await asyncio.gather(_copy(reader, there[1]), _copy(there[0], writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
        return
    writer.close()


if __name__ == "__main__":
    asyncio.run(_relay(sys.argv[1:]))
