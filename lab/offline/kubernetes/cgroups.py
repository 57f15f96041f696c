"""The control group of the cluster: all its processes are in it, so that none has to be remembered.

The kernel knows each program's processes, whoever started it and however that ended.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

from lab.scripts.state import LabError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

NAME = "storedog-kubernetes"
_ENDED_WITHIN = 30.0


def create() -> None:
    """Makes the group in every hierarchy: the kubelet wants that, and fills it with its pods'."""
    for hierarchy in _hierarchies():
        group = hierarchy / NAME
        group.mkdir(exist_ok=True)
        # In the first version of cgroups a new group has no processor and no memory of its own.
        for resource in ("cpuset.cpus", "cpuset.mems"):
            if (group / resource).exists() and not (group / resource).read_text().strip():
                (group / resource).write_text((hierarchy / resource).read_text())


def start(program: str, command: Sequence[str], log: Path) -> None:
    """Starts a program of the cluster in a group of its own; its output goes to the log's end."""
    group = _programs() / program
    group.mkdir(parents=True, exist_ok=True)
    join_and_go_on = 'echo $$ >"$0" && { setsid "$@" & }'
    with log.open("ab") as output:
        subprocess.run(
            ["sh", "-c", join_and_go_on, str(group / "cgroup.procs"), *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=True,
        )


def processes(program: str) -> list[int]:
    """The ids of a program's processes; none when it does not run."""
    return [*_processes(_programs() / program)]


def kill(program: str) -> None:
    """Ends a program at once, as a crash does, and returns when it is gone."""
    _kill(_programs() / program)


def remove() -> None:
    """Ends every process of the cluster, pods included, and removes its groups."""
    # runc makes one in the second version's hierarchy, too, which then has no resources.
    for hierarchy in _mounted("cgroup", "cgroup2"):
        group = hierarchy / NAME
        _kill(group)
        for each in sorted(group.rglob("*/"), reverse=True):
            each.rmdir()
        if group.exists():
            group.rmdir()


def _kill(group: Path) -> None:
    deadline = time.monotonic() + _ENDED_WITHIN
    # Again and again: a process that dies may have started another meanwhile.
    while found := [*_processes(group)]:
        if time.monotonic() > deadline:
            raise LabError(f"processes {found} of {group} do not end when they are killed")
        for process in found:
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                continue
        time.sleep(0.02)


def _processes(group: Path) -> Iterator[int]:
    for listed in group.rglob("cgroup.procs"):
        yield from (int(line) for line in listed.read_text().split())


def _programs() -> Path:
    # Any of them will do: a process is in all.
    return [*_hierarchies(), Path("/sys/fs/cgroup")][0] / NAME / "lab"


def _hierarchies() -> list[Path]:
    """Where the resources are: one hierarchy in the second version of cgroups, several before."""
    return _mounted("cgroup") or _mounted("cgroup2")


def _mounted(*kinds: str) -> list[Path]:
    mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    return [Path(mount[1]) for mount in mounts if mount[2] in kinds]
