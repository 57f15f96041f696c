"""Network namespaces, each like a machine's network: a switch has them and this machine on it."""

from __future__ import annotations

import ctypes
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    T = TypeVar("T")

_LIBC = ctypes.CDLL(None, use_errno=True)
_NEW_NETWORK = 0x40000000  # CLONE_NEWNET, sched.h
_OURS = 254  # this machine's number on the switch


@dataclass(frozen=True)
class Network:
    """So many `machines`, from 1 on. The namespace of the switch is called `name`.

    So is this machine's interface to it: at most 15 characters. All IPs begin with `begin`.
    """

    name: str
    begin: str
    machines: int

    def machine(self, number: int) -> str:
        """The namespace of a machine."""
        return f"{self.name}-{number}"

    def address(self, number: int) -> str:
        """The IP of a machine."""
        return f"{self.begin}.{number}"

    def ensure(self) -> None:
        """Makes it where it is not whole."""
        if _path(self.name).exists() and self._is_whole():
            return
        self.remove()
        _ip("netns", "add", self.name)
        self._ip("link", "add", "switch", "type", "bridge")
        self._ip("link", "set", "switch", "up")
        for number in range(1, self.machines + 1):
            machine = self.machine(number)
            _ip("netns", "add", machine)
            self._plug(f"port{number}", "eth0", "netns", machine)
            for words in (
                f"address add {self.address(number)}/24 dev eth0",
                "link set eth0 up",
                "link set lo up",
            ):
                _ip("-n", machine, *words.split())
        # The last one, so that it tells that all is there.
        self._plug("uplink", self.name)
        _ip("address", "add", f"{self.address(_OURS)}/24", "dev", self.name)
        _ip("link", "set", self.name, "up")

    def remove(self) -> None:
        """Removes what is there of it; this machine's interface goes with its other end."""
        for name in (self.name, *(self.machine(n + 1) for n in range(self.machines))):
            if _path(name).exists():
                _ip("netns", "delete", name)

    def _is_whole(self) -> bool:
        shown = ["ip", "-brief", "link", "show", "dev", self.name, "up"]
        return (
            self.name in subprocess.run(shown, capture_output=True, text=True, check=False).stdout
        )

    def _plug(self, port: str, *there: str) -> None:
        """A line from a port of the switch to an interface there."""
        name, *where = there
        _ip("link", "add", name, *where, "type", "veth", "peer", "name", port, "netns", self.name)
        self._ip("link", "set", port, "master", "switch", "up")

    def _ip(self, *words: str) -> None:
        _ip("-n", self.name, *words)


def within(namespace: str, act: Callable[[], T]) -> T:
    """What `act` gives in a namespace: a socket that is made there belongs there ever after."""

    def enter_and_act() -> T:
        there = os.open(_path(namespace), os.O_RDONLY)
        try:
            if _LIBC.setns(there, _NEW_NETWORK):
                raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        finally:
            os.close(there)
        return act()

    # A thread of its own, as it does not come back.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(enter_and_act).result()


def _path(name: str) -> Path:
    return Path("/run/netns") / name


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)
