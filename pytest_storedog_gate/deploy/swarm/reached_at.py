"""Where a preview is: the node that has its address, and whether anybody answers there.

A Swarm publishes a port of a task on all addresses of the task's node, so that the address says
which node it has to be.
"""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

from pytest_storedog_gate.deploy.environment import EVERYWHERE
from pytest_storedog_gate.deploy.reaching.engine_address import is_loopback
from pytest_storedog_gate.errors import ConfigurationError, NoVerdict

if TYPE_CHECKING:
    from pytest_storedog_gate.deploy.environment import Address
    from pytest_storedog_gate.deploy.swarm.manager import Manager
    from pytest_storedog_gate.deploy.swarm.models import Node

_PATIENCE = 3.0  # s, of a connection
_FREE = 30.0  # s
_INTERVAL = 0.2


def node(manager: Manager, preview: Address, environment: str) -> Node:
    """The node that the `preview` of an environment names: the manager that is asked, or another.

    ConfigurationError where it names none, or only that machine reaches it, or no task may begin
    there; `NoVerdict` where the node is down.
    """
    nodes, where = manager.nodes(), f"environments.{environment}.preview"
    host = preview.host.strip("[]")
    if is_loopback(host) and not is_loopback(manager.host):
        raise ConfigurationError(
            f"{where}: nobody but the manager's machine, which is {manager.host}, reaches "
            f'{preview} of it: write "0.0.0.0:{preview.port}", or run there'
        )
    if preview.host in EVERYWHERE or is_loopback(host) or host == manager.host:
        return _require_task(nodes[manager.node], where)
    addresses = _resolved(host)
    found = [n for n in nodes.values() if host == n.name or addresses & n.addresses]
    if found:
        # A machine that has left and joined again is two nodes, of which one is down.
        return _require_task(max(found, key=lambda each: each.takes_tasks), where)
    known = (f"{each.name} ({', '.join(sorted(each.addresses))})" for each in nodes.values())
    raise ConfigurationError(
        f"{where}: {host} is no node of the Swarm, and the candidate answers at a port of one: "
        f"name {', '.join(sorted(known))}, or 0.0.0.0 for the manager that is asked"
    )


def require_nobody(address: Address, patience: float | None = None) -> None:
    """NoVerdict where something answers there: it would be taken for the candidate.

    It may do so for some seconds more: a task of before that was told to end.
    """
    until = time.monotonic() + (_FREE if patience is None else patience)
    while answers(address):
        if time.monotonic() > until:
            raise NoVerdict(
                f"something answers at the preview {address} already, and checks would take it for "
                "the candidate: stop it, or name another port with `preview`"
            )
        time.sleep(_INTERVAL)


def require_somebody(address: Address, candidate: str) -> None:
    """NoVerdict where nobody answers there: what answered checks would not be the candidate."""
    if not answers(address):
        raise NoVerdict(
            f"{candidate} is ready, and nobody answers at the preview {address} from this machine: "
            "name an address of a node that this machine reaches, and see that no firewall is "
            "between them"
        )


def answers(address: Address) -> bool:
    """Whether a connection can be made there."""
    try:
        where = (address.host.strip("[]"), address.port)
        socket.create_connection(where, _PATIENCE).close()
    except OSError:
        return False
    return True


def _require_task(node: Node, where: str) -> Node:
    """It, unless nobody could be started there however long the run waits."""
    if node.down:
        raise NoVerdict(
            f"{where}: the node {node.name} is down, and the candidate is to run on it: bring it "
            "back, or name another node"
        )
    if node.availability != "active":
        raise ConfigurationError(
            f"{where}: the availability of the node {node.name} is {node.availability}, and the "
            "candidate is to run on it: name a node that takes tasks, or let it take them with "
            f"docker node update --availability active {node.name}"
        )
    return node


def _resolved(host: str) -> frozenset[str]:
    """The IPs of a host, none where nobody knows it."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return frozenset()
    return frozenset(str(each[4][0]) for each in found)
