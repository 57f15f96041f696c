"""How a service is reached, and what it reaches: ports and networks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_storedog_gate.deploy.environment import Address, is_name
from pytest_storedog_gate.deploy.runtime import Network, Port
from pytest_storedog_gate.reading.kinds import BOOLEAN, LIST

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_storedog_gate.reading.table import Table

_PORT = re.compile(
    r"(?:(?P<host>[0-9.]+|\[[0-9a-fA-F:]+\]):)?(?P<published>\d+):(?P<target>\d+)"
    r"(?:/(?P<protocol>tcp|udp))?"
)

NETWORK = {"aliases": LIST, "external": BOOLEAN}


def _port(text: str) -> Port:
    match = _PORT.fullmatch(text)
    if match is None or not 0 < int(match["target"]) < 65536:
        raise ValueError(
            f'{text!r} is no published port; write "HOST:PUBLISHED:PORT", as in '
            '"127.0.0.1:8080:80" or "53:53/udp"'
        )
    # As in compose, a host that is not named means all addresses of the machine.
    address = Address.parse(f"{match['host'] or '0.0.0.0'}:{match['published']}")  # noqa: S104
    return Port(int(match["target"]), address, match["protocol"] or "tcp")


def _ports(texts: Iterable[str]) -> tuple[Port, ...]:
    found = tuple(map(_port, texts))
    taken = [(port.published, port.protocol) for port in found]
    if len(set(taken)) < len(taken):
        raise ValueError("one address is published twice: keep one of them")
    return found


PORTS = LIST.meaning(_ports)


def networks(table: Table) -> tuple[Network, ...]:
    """The `networks` of a service, a table or a list of names."""
    said = table.data.get("networks", {})
    if isinstance(said, list):
        try:
            names = LIST.read(said)
        except ValueError as error:
            raise table.error(("networks",), str(error)) from None
        found = tuple(map(Network, names))
    else:
        found = tuple(Network(each.name, **each.read(NETWORK)) for each in table.tables("networks"))
    for network in found:
        if not network.external and not is_name(network.name):
            raise table.error(
                ("networks",), f"{network.name!r} is no network's name: use a-z, 0-9, - and _"
            )
    if len({network.name for network in found}) < len(found):
        raise table.error(("networks",), "one of them is named twice: keep one")
    return found
