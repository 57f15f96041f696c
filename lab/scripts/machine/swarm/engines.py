"""Docker engines, each with a network and folders of its own, joined to one Swarm.

Their containers are in control groups and networks of theirs: the machine's usual engine and its
bridges are left alone.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import docker

from lab.scripts.machine import packages, processes
from lab.scripts.machine.swarm.networks import Network
from lab.scripts.progress import step
from lab.scripts.state import STATE, LabError

_SOON = 60  # s
_PROGRAMS = ("dockerd", "containerd")


@dataclass(frozen=True)
class Swarm:
    """The first engine is its manager, and the others are workers.

    `network` has a machine for each; what they store is in the lab's state.
    """

    network: Network

    @property
    def engines(self) -> range:
        return range(1, self.network.machines + 1)

    @property
    def manager(self) -> str:
        """The address of the engine that is asked for services."""
        return self.endpoint(1)

    def endpoint(self, number: int) -> str:
        return f"unix://{self._run(number) / 'docker.sock'}"

    def node(self, number: int) -> str:
        """What the Swarm calls an engine."""
        return self.network.machine(number)

    def pid(self, number: int) -> int:
        """The engine's process."""
        return int((self._run(number) / "docker.pid").read_text())

    def ensure(self) -> None:
        """Starts what does not run, and joins what has not joined."""
        if self.is_whole():
            return
        if os.geteuid() != 0:
            raise LabError("only root can start the engines of a Swarm; run it as root")
        packages.need(dockerd="docker.io", iptables="iptables", ip="iproute2")
        with step(f"starting {self.network.machines} engines and their Swarm"):
            self.network.ensure()
            machines = [self.network.machine(each) for each in self.engines]
            relay = f"{self.network.name}-registry"
            processes.stop(relay)
            processes.start(relay, [sys.executable, "-m", f"{__package__}.relay", *machines])
            started = {each: self.start(each) for each in self.engines if not self._answers(each)}
            for number, process in started.items():
                self._wait(number, process)
            self._join()

    def start(self, number: int) -> subprocess.Popen[bytes]:
        """Starts one that does not run, whether it was ended or killed."""
        self._run(number).mkdir(parents=True, exist_ok=True)
        # One that was killed has left its containerd, and the number of it.
        self._end_what_is_left(number, "containerd.toml")
        for left in self._run(number).rglob("*.pid"):
            left.unlink()
        return processes.start(
            self.network.machine(number),
            [
                *("nsenter", f"--net=/run/netns/{self.network.machine(number)}"),
                # A Swarm calls its nodes by their machines' names.
                *("unshare", "--uts", "sh", "-c", 'hostname "$0"; exec "$@"', self.node(number)),
                "dockerd",
                f"--host={self.endpoint(number)}",
                f"--data-root={self._data(number)}",
                f"--exec-root={self._run(number) / 'exec'}",
                f"--pidfile={self._run(number) / 'docker.pid'}",
                f"--cgroup-parent=/{self.network.machine(number)}",
            ],
        )

    def client(self, number: int = 1) -> docker.DockerClient:
        return docker.DockerClient(self.endpoint(number), version="auto", timeout=_SOON)

    def remove(self) -> list[str]:
        """Ends and removes it: processes, networks, mounts, control groups, files.

        Gives the names of the processes that it has ended.
        """
        names = [f"{self.network.name}-registry", *map(self.network.machine, self.engines)]
        ended = [name for name in names if processes.stop(name)]
        for number in self.engines:
            self._end_what_is_left(number, "")
            remove_group(self.network.machine(number))
        for folder in (self._run(1).parent, self._data(1).parent):
            _unmount(folder)
            shutil.rmtree(folder, ignore_errors=True)
        self.network.remove()
        return ended

    def _join(self) -> None:
        first = self.client()
        if first.info()["Swarm"]["LocalNodeState"] == "inactive":
            first.swarm.init(advertise_addr=self.network.address(1))
        token = first.swarm.attrs["JoinTokens"]["Worker"]
        for number in self.engines[1:]:
            engine = self.client(number)
            if engine.info()["Swarm"]["LocalNodeState"] == "inactive":
                engine.swarm.join([self.network.address(1)], token)
            engine.close()
        deadline = time.monotonic() + _SOON
        while len(ready := self.ready(first)) < self.network.machines:
            if time.monotonic() > deadline:
                raise LabError(f"only {', '.join(ready)} are ready in the Swarm; see their logs")
            time.sleep(0.2)
        first.close()

    def ready(self, manager: docker.DockerClient) -> list[str]:
        """The nodes on which services can run."""
        nodes = [node.attrs for node in manager.nodes.list()]
        return [n["Description"]["Hostname"] for n in nodes if n["Status"]["State"] == "ready"]

    def is_whole(self) -> bool:
        """Whether all engines answer, and can run services."""
        if not all(map(self._answers, self.engines)):
            return False
        manager = self.client()
        try:
            active = manager.info()["Swarm"]["LocalNodeState"] == "active"
            return active and len(self.ready(manager)) == self.network.machines
        finally:
            manager.close()

    def _answers(self, number: int) -> bool:
        with socket.socket(socket.AF_UNIX) as line, suppress(OSError):
            line.settimeout(5)
            line.connect(self.endpoint(number).removeprefix("unix://"))
            line.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
            return b" 200 " in line.recv(100)
        return False

    def _wait(self, number: int, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + _SOON
        while not self._answers(number):
            processes.still_running(self.network.machine(number), process)
            if time.monotonic() > deadline:
                raise LabError(f"the engine {self.endpoint(number)} does not answer")
            time.sleep(0.1)

    def _end_what_is_left(self, number: int, word: str) -> None:
        """Processes of an engine that was killed name its folder; it has no others any more.

        A person's shell may name it as well.
        """
        folder = f"{self._run(number)}/"
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                said = (process / "cmdline").read_bytes().decode("utf-8", "replace")
                program = Path(said.partition("\0")[0]).name
                if program.startswith(_PROGRAMS) and folder in said and word in said:
                    os.kill(int(process.name), signal.SIGKILL)

    def _run(self, number: int) -> Path:
        """Sockets are here: their paths are short."""
        return Path("/run") / self.network.name / str(number)

    def _data(self, number: int) -> Path:
        return STATE / self.network.name / str(number)


def _unmount(folder: Path) -> None:
    """All mounts below it: an engine that was killed leaves its own, which is its very folder."""
    mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    for mount in reversed([each for each in mounts if each.startswith(f"{folder}/")]):
        subprocess.run(["umount", "--lazy", mount], check=True)


def remove_group(name: str) -> None:
    """Ends what runs in a control group, and removes it: containers outlive an engine's SIGKILL."""
    deadline = time.monotonic() + _SOON
    for top in (Path("/sys/fs/cgroup") / name, *Path("/sys/fs/cgroup").glob(f"*/{name}")):
        while top.exists():
            for listed in top.rglob("cgroup.procs"):
                with suppress(OSError):
                    # 0 stands for one that cannot be seen from here.
                    for process in {*listed.read_text().split()} - {"0"}:
                        os.kill(int(process), signal.SIGKILL)
            for group in (*sorted(top.rglob("*/"), reverse=True), top):
                with suppress(OSError):
                    group.rmdir()
            # The last process is dead, and may not be gone yet.
            if top.exists() and time.monotonic() > deadline:
                raise LabError(f"the control group {top} cannot be removed; see what runs in it")
            time.sleep(0.02)


LAB = Swarm(Network("storedog-swarm", "10.213.7", 3))
"""The lab's own."""
