"""UDP API tests (`type: api`, `subtype: udp`): one datagram, and the first that comes back."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, ClassVar

from pytest_storedog_gate.local_synthetics.failures import CheckFailed
from pytest_storedog_gate.local_synthetics.kinds.common import allowed, request_values
from pytest_storedog_gate.local_synthetics.kinds.common.probing import (
    ORDERED,
    TEXTUAL,
    ProbingCheck,
    cut,
)
from pytest_storedog_gate.local_synthetics.network.addresses import family_of, resolve
from pytest_storedog_gate.local_synthetics.network.stopwatch import Sighting

if TYPE_CHECKING:
    from pytest_storedog_gate.local_synthetics.kinds.protocol import Outcome, Run
    from pytest_storedog_gate.local_synthetics.variables.variables import Variables

_LARGEST = 65_507  # bytes of a datagram


class UdpCheck(ProbingCheck):
    """Sends the message and evaluates the assertions on the answer."""

    fields: ClassVar = {
        "host": allowed.needed_text, "port": allowed.needed_port, "message": allowed.text,
        "timeout": allowed.seconds,
    }  # fmt: skip
    operators: ClassVar = {"": {"receivedMessage": TEXTUAL, "responseTime": ORDERED}}

    async def run(self, run: Run, variables: Variables) -> Outcome:
        """See `Kind`."""
        request = run.definition.request
        host = request_values.host_of(request, variables)
        port = request_values.port_of(request, variables, None)
        timeout = request_values.timeout_of(request, variables)
        message = variables.fill(request.get("message") or "")
        if len(message.encode()) > _LARGEST:
            raise CheckFailed("INVALID_REQUEST", f"The message is over {_LARGEST} bytes.")
        shown = {"host": host, "port": port, "message": message, "timeout": round(timeout * 1000)}
        seen = Sighting({"request": shown, "sent_message": message})
        received: list[str] = []

        async def probe() -> None:
            received.append(await _exchange(host, port, message.encode(), seen))
            text, truncated = cut(received[0], variables)
            seen.detail["received_message"] = text
            seen.detail["response"] = {"message": text, "is_message_truncated": truncated}

        return await self.check(run, variables, seen, probe(), lambda _: received[0], timeout)


async def _exchange(host: str, port: int, message: bytes, seen: Sighting) -> str:
    """The answer's text. Raises CheckFailed, OSError."""
    addresses = await resolve(host)
    seen.lap("dns")
    for address in addresses[:-1]:
        try:
            return await _ask(address, port, message, seen)
        except OSError:
            continue
    return await _ask(addresses[-1], port, message, seen)


async def _ask(address: str, port: int, message: bytes, seen: Sighting) -> str:
    seen.detail["resolved_ip"] = address
    loop = asyncio.get_running_loop()
    with socket.socket(family_of(address), socket.SOCK_DGRAM) as channel:
        channel.setblocking(False)  # noqa: FBT003 a method of C
        # Connected, so that a refusal is heard of and only the target's answers arrive.
        await loop.sock_connect(channel, (address, port))
        await loop.sock_sendall(channel, message)
        answer = await loop.sock_recv(channel, _LARGEST)
    seen.lap("firstByte")
    return answer.decode(errors="replace")
