"""Looking up a host, and connecting to it, timed by stage."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import threading
from concurrent.futures import Future
from contextlib import suppress
from typing import TYPE_CHECKING

from pytest_storedog_gate.local_synthetics.failures import CheckFailed

if TYPE_CHECKING:
    from pytest_storedog_gate.local_synthetics.network.stopwatch import Sighting


async def resolve(host: str) -> list[str]:
    """The addresses of `host`, in the system's order. Raises CheckFailed with the code DNS."""
    with suppress(ValueError):
        ipaddress.ip_address(host)
        return [host]
    answer: Future[list[str]] = Future()
    answer.set_running_or_notify_cancel()

    def look_up() -> None:
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
            answer.set_result(list(dict.fromkeys(str(item[4][0]) for item in found)))
        except Exception as error:  # noqa: BLE001 raised where the answer is awaited
            answer.set_exception(error)

    # Not the loop's executor: the service would wait for a stuck resolver before it ends.
    threading.Thread(target=look_up, daemon=True, name=f"resolve {host}").start()
    try:
        return await asyncio.wrap_future(answer)
    except (socket.gaierror, UnicodeError) as error:
        again = isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN
        name = "EAI_AGAIN" if again else "ENOTFOUND"
        raise CheckFailed(
            "DNS", f"Error during DNS resolution of hostname {host} ({name})."
        ) from None


async def connect(host: str, port: int, seen: Sighting) -> socket.socket:
    """A connected, non-blocking socket. Raises CheckFailed, OSError.

    Every address is tried. The laps `dns` and `tcp` and the address join what was seen.
    """
    addresses = await resolve(host)
    seen.lap("dns")
    for address in addresses[:-1]:
        try:
            return await _connect(address, port, seen)
        except OSError:
            continue
    return await _connect(addresses[-1], port, seen)


async def _connect(address: str, port: int, seen: Sighting) -> socket.socket:
    seen.detail["resolved_ip"] = address
    connection = socket.socket(family_of(address), socket.SOCK_STREAM)
    try:
        connection.setblocking(False)  # noqa: FBT003 a method of C
        await asyncio.get_running_loop().sock_connect(connection, (address, port))
    except BaseException:
        connection.close()
        raise
    seen.lap("tcp")
    return connection


def family_of(address: str) -> socket.AddressFamily:
    """The family of an address, which may have a scope."""
    version = ipaddress.ip_address(address.partition("%")[0]).version
    return socket.AF_INET6 if version == 6 else socket.AF_INET
