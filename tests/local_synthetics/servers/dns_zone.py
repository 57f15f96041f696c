"""A name server for one zone, by UDP and TCP."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

from tests.local_synthetics.servers.loop import running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

_TTL = 60
ZONE: dict[tuple[str, str], list[str]] = {
    ("shop.example.", "A"): ["192.0.2.1", "192.0.2.2"],
    ("shop.example.", "AAAA"): ["2001:db8::1"],
    ("shop.example.", "MX"): ["10 mail.example."],
    ("shop.example.", "NS"): ["ns1.example.", "ns2.example."],
    ("shop.example.", "TXT"): ['"v=spf1 " "-all"'],
    ("www.example.", "CNAME"): ["shop.example."],
    ("six.example.", "AAAA"): ["2001:db8::6"],
    ("long.example.", "TXT"): [f'"{"x" * 200}{number}"' for number in range(30)],
    ("mute.example.", "A"): [],
    ("broken.example.", "A"): [],
    ("strange.example.", "A"): [],
    ("noisy.example.", "A"): ["192.0.2.1"],
}
_NAMES = {name for name, _ in ZONE}


@dataclass
class NameServer:
    """`asked` holds each question with the transport it came by."""

    port: int = 0
    asked: list[tuple[str, str, str]] = field(default_factory=list)

    def answer(self, wire: bytes, transport: str) -> bytes | None:
        query = dns.message.from_wire(wire)
        question = query.question[0]
        name, kind = question.name.to_text(), dns.rdatatype.to_text(question.rdtype)
        self.asked.append((name, kind, transport))
        if name == "mute.example.":
            return None
        if name == "strange.example.":
            return wire[:2] + b"\xff" * 20
        response = dns.message.make_response(query)
        if name == "broken.example.":
            response.set_rcode(dns.rcode.SERVFAIL)
        elif name not in _NAMES:
            response.set_rcode(dns.rcode.NXDOMAIN)
        aliases = ZONE.get((name, "CNAME"), [])
        if aliases and kind != "CNAME":
            response.answer.append(dns.rrset.from_text(name, _TTL, "IN", "CNAME", *aliases))
            name = aliases[0]
        if records := ZONE.get((name, kind)):
            response.answer.append(dns.rrset.from_text(name, _TTL, "IN", kind, *records))
        if transport == "udp" and len(response.to_wire()) > 1232:
            response.answer.clear()
            response.flags |= dns.flags.TC
        return response.to_wire()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: NameServer) -> None:
        self._server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Which it is only by its methods in Python 3.11.
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if answer := self._server.answer(data, "udp"):
            for wire in (*_noise(data), answer):
                self._transport.sendto(wire, addr)


def _noise(asked: bytes) -> list[bytes]:
    """What comes before the answer for `noisy.example.`: the answer to none of its questions."""
    query = dns.message.from_wire(asked)
    if query.question[0].name.to_text() != "noisy.example.":
        return []
    forged = dns.message.make_response(dns.message.make_query("other.example.", "A", id=query.id))
    cut = dns.message.make_response(dns.message.make_query("other.example.", "A"))
    cut.flags |= dns.flags.TC
    late = dns.message.make_response(query)
    late.id = query.id ^ 1
    late.set_rcode(dns.rcode.NXDOMAIN)
    return [b"", b"x", asked[:2] + b"\xff" * 20, asked, *(m.to_wire() for m in (forged, cut, late))]


@contextmanager
def name_server() -> Iterator[NameServer]:
    """Run it on one port for both transports."""
    with running(_serving()) as server:
        yield server


@asynccontextmanager
async def _serving() -> AsyncIterator[NameServer]:
    server = NameServer()

    async def stream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        length = int.from_bytes(await reader.readexactly(2))
        answer = server.answer(await reader.readexactly(length), "tcp") or b""
        writer.write(len(answer).to_bytes(2) + answer)
        writer.close()
        await writer.wait_closed()

    streams = await asyncio.start_server(stream, "127.0.0.1", 0)
    server.port = streams.sockets[0].getsockname()[1]
    loop = asyncio.get_running_loop()
    datagrams, _ = await loop.create_datagram_endpoint(
        lambda: _Datagrams(server), local_addr=("127.0.0.1", server.port)
    )
    try:
        yield server
    finally:
        datagrams.close()
        streams.close()
        await streams.wait_closed()
