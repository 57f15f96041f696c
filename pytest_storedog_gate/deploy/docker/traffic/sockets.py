"""The kernel's table of connections, `/proc/net/tcp`."""

from __future__ import annotations

import re
import socket

_LINE = re.compile(r"\s*\d+: [0-9A-F:]+ (?P<host>[0-9A-F]+):[0-9A-F]{4} (?P<state>[0-9A-F]{2}) .*")
_ESTABLISHED = "01"


def peers(table: str) -> frozenset[str]:
    """The IPv4 addresses at the other end of what is established."""
    lines = map(_LINE.fullmatch, table.splitlines())
    # An IPv4 address in a table of IPv6 is its last word; words are in the machine's order.
    words = {line["host"][-8:] for line in lines if line and line["state"] == _ESTABLISHED}
    return frozenset(socket.inet_ntoa(bytes.fromhex(word)[::-1]) for word in words)
