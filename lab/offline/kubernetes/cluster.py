"""The cluster as a whole: up, down, and single programs of it ended and started again."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import requests

from lab.offline import programs
from lab.offline.kubernetes import (
    certificates,
    cgroups,
    control_plane,
    machine,
    network,
    node,
    runtime,
)
from lab.offline.kubernetes.addresses import API, FOLDER, KUBECONFIG
from lab.scripts.progress import say, step
from lab.scripts.state import LabError, log_tail

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_LOGS = FOLDER / "logs"
_WITHIN = 120.0


def up() -> Path:
    """The kubeconfig of a cluster whose node is ready: of the one that runs, else of a new one.

    Raises LabError where it cannot be had.
    """
    if stands():
        say(f"Kubernetes at {API}: runs already")
        return KUBECONFIG
    if os.geteuid() != 0:
        raise LabError(
            "a Kubernetes cluster needs namespaces, mounts and control groups, which only root can "
            "make: run it again as root"
        )
    programs.KUBERNETES.ensure()
    runtime.need()
    # One that ended with its machine left folders, and one that ended badly anything else.
    down()
    _LOGS.mkdir(parents=True)
    machine.remember()
    with step(f"starting Kubernetes at {API}"):
        cgroups.create()
        network.create()
        certificates.write()
        node.write()
        runtime.start()
        for program in ("etcd", "kube-apiserver"):
            start(program)
        _wait_for(runtime.NAME, runtime.SOCKET.exists)
        runtime.import_pause()
        wait_for_api()
        for program in ("kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy"):
            start(program)
        _wait_for("kubelet", _node_is_ready)
    return KUBECONFIG


def stands() -> bool:
    """Whether a cluster runs here, whole, with a node that is ready."""
    runs = all(map(cgroups.processes, (runtime.NAME, *_commands())))
    return runs and _node_is_ready()


def down() -> bool:
    """Ends it and puts the machine back as it was; whether there was anything of a cluster."""
    # It is made before all else, and removed after all else.
    if not FOLDER.exists():
        return False
    cgroups.remove()
    runtime.remove_sockets()
    network.remove()
    machine.put_back()
    return True


def start(program: str) -> None:
    """Starts one program of a cluster that is up, for instance the one that `kill` ended."""
    command = network.inside(str(programs.KUBERNETES.path), program, *_commands()[program])
    cgroups.start(program, command, _log(program))


def kill(program: str) -> None:
    """Ends one program as a crash does: `kube-apiserver`, `kubelet`, ..."""
    cgroups.kill(program)


def wait_for_api() -> None:
    """Returns once the API server answers. Raises LabError where it does not."""
    _wait_for("kube-apiserver", lambda: _get("/readyz") is not None)


def _commands() -> dict[str, list[str]]:
    return control_plane.commands() | node.commands()


def _node_is_ready() -> bool:
    answer = _get(f"/api/v1/nodes/{certificates.NODE_NAME}")
    return answer is not None and any(
        condition["type"] == "Ready" and condition["status"] == "True"
        for condition in answer.json()["status"].get("conditions", ())
    )


def _get(path: str) -> requests.Response | None:
    """The answer of an API server that is content; None where there is none."""
    client = FOLDER / "admin"
    pair = (str(certificates.certificate(client)), str(certificates.private_key(client)))
    try:
        answer = requests.get(
            f"{API}{path}", cert=pair, verify=str(certificates.AUTHORITY), timeout=5
        )
    except requests.RequestException:
        return None
    return answer if answer.ok else None


def _wait_for(program: str, is_ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _WITHIN
    while not is_ready():
        ended = not cgroups.processes(program)
        if ended or time.monotonic() > deadline:
            how = "ended" if ended else f"is not ready after {_WITHIN:.0f} s"
            log = _log(program)
            raise LabError(f"{program} {how}; the end of {log}:\n{log_tail(log)}")
        time.sleep(0.1)


def _log(program: str) -> Path:
    return _LOGS / f"{program}.log"
