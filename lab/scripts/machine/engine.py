"""The Docker engine: the one that runs, else one that the lab starts."""

from __future__ import annotations

import os
import time
from pathlib import Path

import docker
from docker.errors import DockerException

from lab.scripts.machine import packages, processes
from lab.scripts.progress import say, step
from lab.scripts.state import LabError

NAME = "dockerd"
_ENDPOINT = "unix:///var/run/docker.sock"
_TIMEOUT = 60.0
# An engine starts itself anew three times for each container, which fills memory that it collects
# at once: Go's usual bounds (GOGC=100) take a fifth of all the CPU that a container costs.
_RARELY = "GOGC=400"
# Left by a killed engine, these make a new one wait for whatever has the number now.
_PID_FILES = {
    "dockerd": Path("/var/run/docker.pid"),
    "containerd": Path("/var/run/docker/containerd/containerd.pid"),
}


def running() -> docker.DockerClient | None:
    """The engine that answers at the usual place."""
    try:
        # Long enough for an image's last layer to be written on a slow disk.
        client = docker.DockerClient(base_url=_ENDPOINT, version="auto", timeout=300)
    except DockerException:
        return None
    return client


def ensure() -> docker.DockerClient:
    """The engine, started if need be."""
    if client := running():
        say(f"Docker engine {client.version()['Version']}: runs already")
        return client
    packages.need(dockerd="docker.io", iptables="iptables")
    if os.geteuid() != 0:
        raise LabError("the Docker engine does not run, and only root can start it; start it")
    for program, path in _PID_FILES.items():
        _remove_if_stale(path, program)
    with step("starting the Docker engine"):
        process = processes.start(NAME, ["env", _RARELY, "dockerd"])
        deadline = time.monotonic() + _TIMEOUT
        while (client := running()) is None:
            processes.still_running(NAME, process)
            if time.monotonic() > deadline:
                raise LabError(f"the Docker engine does not answer after {_TIMEOUT:.0f} s")
            time.sleep(0.2)
    return client


def _remove_if_stale(path: Path, program: str) -> None:
    if not path.exists():
        return
    name = Path(f"/proc/{path.read_text().strip()}/comm")
    if not name.exists() or name.read_text().strip() != program:
        path.unlink()
