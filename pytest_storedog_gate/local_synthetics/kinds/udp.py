"""UDP API tests (`type: api`, `subtype: udp`): one datagram, and the first that comes back."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar

from pytest_storedog_gate.local_synthetics.failures import CheckFailed
from pytest_storedog_gate.local_synthetics.kinds.common import allowed, probing, request_values
from pytest_storedog_gate.local_synthetics.network.addresses import family_of, resolve
from pytest_storedog_gate.local_synthetics.network.stopwatch import Sighting

if TYPE_CHECKING:
    from pytest_storedog_gate.local_synthetics.kinds.protocol import Outcome, Run
    from pytest_storedog_gate.local_synthetics.variables.variables import Variables

_LARGEST = 65_507  # bytes of a datagram


class UdpCheck(probing.ProbingCheck):
    """Sends the message and evaluates the assertions on the answer."""

    fields: ClassVar = {
        "host": allowed.needed_text, "port": allowed.needed_port, "message": allowed.text,
        "timeout": allowed.seconds,
    }  # fmt: skip
    operators: ClassVar = {
        "": {"receivedMessage": probing.TEXTUAL, "responseTime": probing.ORDERED}
    }

    async def run(self, run: Run, variables: Variables) -> Outcome:
        request = run.definition.request
        host = request_values.host_of(request, variables)
        port = request_values.port_of(request, variables, None)
        timeout = request_values.timeout_of(request, variables)
        message = variables.fill(request.get("message") or "")
        if len(message.encode()) > _LARGEST:
            raise CheckFailed("INVALID_REQUEST", f"The message is over {_LARGEST} bytes.")
        shown = {"host": host, "port": port, "message": message, "timeout": round(timeout * 1000)}
        seen = Sighting({"request": shown, "sent_message": message})
        probe = _probe(host, port, message.encode(), seen)
        detail = seen.detail
        return await self.check(
            run, variables, seen, probe, lambda _: detail["received_message"], timeout
        )


async def _probe(host: str, port: int, message: bytes, seen: Sighting) -> None:
    *others, last = await resolve(host)
    seen.lap("dns")
    for address in others:
        with suppress(OSError):
            return await _ask(address, port, message, seen)
    return await _ask(last, port, message, seen)


async def _ask(address: str, port: int, message: bytes, seen: Sighting) -> None:
    seen.detail["resolved_ip"] = address
    loop = asyncio.get_running_loop()
    with socket.socket(family_of(address), socket.SOCK_DGRAM) as channel:
        channel.setblocking(False)  # noqa: FBT003 a method of C
        # Connected, so that a refusal is heard of and only the target's answers arrive.
        await loop.sock_connect(channel, (address, port))
        await loop.sock_sendall(channel, message)
        answer = await loop.sock_recv(channel, _LARGEST)
    seen.lap("firstByte")
    text = answer.decode(errors="replace")
    seen.detail |= {"received_message": text, "response": {"message": text}}
