"""The node's own network: a namespace, a cable to the machine, and the machine's registry in it."""

from __future__ import annotations

import subprocess
from pathlib import Path

from lab.offline.kubernetes.addresses import MACHINE, NODE, PODS, PREFIX, SERVICES
from lab.scripts.state import LabError

_NAMESPACE = "storedog-node"
_FILE = Path("/run/netns") / _NAMESPACE
_CABLE = "storedog-node"
REGISTRY_PORT = 5000
# The registry listens on the machine's loopback alone; its node asks at the machine's address.
_REGISTRY = (
    f"PREROUTING -t nat -i {_CABLE} -d {MACHINE} -p tcp --dport {REGISTRY_PORT}"
    f" -j DNAT --to-destination 127.0.0.1:{REGISTRY_PORT}"
).split()
_CUT = (
    f"OUTPUT -d {MACHINE} -p tcp --dport {REGISTRY_PORT} -j REJECT --reject-with tcp-reset".split()
)


def create() -> None:
    """Lays the cable: from the machine, nodes, pods and Services are reached by their addresses."""
    _run("ip", "netns", "add", _NAMESPACE)
    _run("ip", "link", "add", _CABLE, "type", "veth", "peer", "eth0", "netns", _NAMESPACE)
    _run("ip", "address", "add", f"{MACHINE}/{PREFIX}", "dev", _CABLE)
    _run("ip", "link", "set", _CABLE, "up")
    _run(*inside("ip", "link", "set", "lo", "up"))
    _run(*inside("ip", "address", "add", f"{NODE}/{PREFIX}", "dev", "eth0"))
    _run(*inside("ip", "link", "set", "eth0", "up"))
    _run(*inside("ip", "route", "add", "default", "via", MACHINE))
    _run(*inside("sysctl", "-q", "-w", "net.ipv4.ip_forward=1"))
    for network in (PODS, SERVICES):
        _run("ip", "route", "add", network, "via", NODE)
    _run("sysctl", "-q", "-w", f"net.ipv4.conf.{_CABLE}.route_localnet=1")
    _run("iptables", "--insert", *_REGISTRY)


def remove() -> None:
    """Takes away what `create` made, or as much of it as there is."""
    while _succeeds("iptables", "--delete", *_REGISTRY):
        pass
    if Path("/sys/class/net", _CABLE).exists():
        _run("ip", "link", "delete", _CABLE)
    if _FILE.exists() and not _succeeds("ip", "netns", "delete", _NAMESPACE):
        # After a restart of the machine it is a file that nothing is mounted on.
        _FILE.unlink()


def inside(*command: str) -> tuple[str, ...]:
    """The command as it runs in the node's network; `ip netns exec` would mount another /sys."""
    return ("nsenter", f"--net={_FILE}", *command)


def cut_registry() -> None:
    """The node finds no registry any more: connections are refused."""
    _run(*inside("iptables", "--insert", *_CUT))


def join_registry() -> None:
    """Undoes `cut_registry`."""
    _run(*inside("iptables", "--delete", *_CUT))


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LabError(f"{' '.join(command)} failed: {done.stderr.strip()}")


def _succeeds(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
