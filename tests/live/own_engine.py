"""An engine and a registry of a test's own, in a network of their own: it may be killed."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import docker
import requests

if TYPE_CHECKING:
    from collections.abc import Iterator

REGISTRY = "127.0.0.1:5000"
_LIBC = ctypes.CDLL(None, use_errno=True)
_NEW_NETWORK = 0x40000000  # CLONE_NEWNET, sched.h
_SOON = 60.0  # s
_REGISTRY = """\
version: 0.1
log: {{level: warn}}
storage: {{filesystem: {{rootdirectory: "{folder}"}}, delete: {{enabled: true}}}}
http: {{addr: "{address}"}}
"""


class OwnEngine:
    """One that runs. Its containers outlive it as their restart policies say, once it runs again.

    The thread that made it is in its network, and with it all threads and processes that this one
    starts: addresses that its containers publish are reached from there alone.
    """

    def __init__(self, folder: Path) -> None:
        self.endpoint = f"unix://{folder / 'docker.sock'}"
        self._folder = folder
        self._process = self._run()
        self.client = self._reached()

    @property
    def pid(self) -> int:
        return self._process.pid

    def start_again(self) -> None:
        """Once it was killed, by whomever: with its containerd, as on a machine without power."""
        self._process.wait(_SOON)
        # A new engine would wait for what has this number now.
        left = self._folder / "exec" / "containerd" / "containerd.pid"
        with suppress(ProcessLookupError):
            os.kill(int(left.read_text()), signal.SIGKILL)
        left.unlink()
        self._process = self._run()
        self.client.close()
        self.client = self._reached()

    def stop(self) -> None:
        """Its containers end with it, and no mount of it stays: pytest could not remove its folder.

        One that was killed leaves its own, and an engine unmounts only what it has mounted itself.
        """
        self.client.close()
        self._process.terminate()
        self._process.wait(_SOON)
        below = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
        for mount in reversed([each for each in below if each.startswith(f"{self._folder}/")]):
            subprocess.run(["umount", mount], check=True)

    def take(self, *images: str) -> None:
        """Gets images from the machine's usual engine, with their names."""
        with subprocess.Popen(["docker", "save", *images], stdout=subprocess.PIPE) as saved:
            subprocess.run(
                ["docker", "-H", self.endpoint, "load", "-q"],
                stdin=saved.stdout,
                stdout=subprocess.DEVNULL,
                check=True,
            )

    def _run(self) -> subprocess.Popen[bytes]:
        (self._folder / "docker.pid").unlink(missing_ok=True)
        with (self._folder / "dockerd.log").open("ab") as log:
            return subprocess.Popen(
                [
                    "dockerd",
                    f"--host={self.endpoint}",
                    f"--data-root={self._folder / 'data'}",
                    f"--exec-root={self._folder / 'exec'}",
                    f"--pidfile={self._folder / 'docker.pid'}",
                    "--cgroup-parent=/storedog-tests",
                ],
                stdout=log,
                stderr=log,
            )

    def _reached(self) -> docker.DockerClient:
        """A client, once the engine answers: the SDK would leave a socket open at each try."""
        deadline = time.monotonic() + _SOON
        while True:
            with socket.socket(socket.AF_UNIX) as line, suppress(OSError):
                line.connect(self.endpoint.removeprefix("unix://"))
                line.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
                if b" 200 " in line.recv(100):
                    break
            log = (self._folder / "dockerd.log").read_text("utf-8", "replace")
            assert self._process.poll() is None, log
            assert time.monotonic() < deadline, log
            time.sleep(0.1)
        return docker.DockerClient(self.endpoint, version="auto", timeout=60)


@contextmanager
def own_engine(folder: Path) -> Iterator[OwnEngine]:
    """An engine, and an empty registry at `REGISTRY`. It needs root."""
    with ExitStack() as stack:
        stack.enter_context(_own_network())
        stack.enter_context(_registry(folder))
        engine = OwnEngine(folder)
        stack.callback(engine.stop)
        yield engine


@contextmanager
def _own_network() -> Iterator[None]:
    """The thread is in a network of its own meanwhile, as unshare(2) makes it."""
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        _call(_LIBC.unshare(_NEW_NETWORK))
        try:
            subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
            yield
        finally:
            _call(_LIBC.setns(before, _NEW_NETWORK))
    finally:
        os.close(before)


def _call(result: int) -> None:
    if result:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


@contextmanager
def _registry(folder: Path) -> Iterator[None]:
    said = _REGISTRY.format(folder=folder / "registry", address=REGISTRY)
    (folder / "registry.yml").write_text(said, "utf-8")
    with (folder / "registry.log").open("wb") as log:
        command = ["docker-registry", "serve", str(folder / "registry.yml")]
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + _SOON
        while True:
            try:
                requests.get(f"http://{REGISTRY}/v2/", timeout=5).raise_for_status()
                break
            except requests.RequestException:
                assert process.poll() is None, (folder / "registry.log").read_text("utf-8")
                assert time.monotonic() < deadline
                time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(_SOON)
