"""What the lab's Swarm takes away: all of it, and nothing else, however its engines have ended."""

from __future__ import annotations

import os
import signal
import subprocess
import uuid
from pathlib import Path

import pytest

from lab.scripts.machine.swarm.engines import Swarm, remove_group
from lab.scripts.machine.swarm.networks import Network
from tests.conftest import missing

pytestmark = pytest.mark.swarm
_GROUPS = Path("/sys/fs/cgroup")
_SLEEP = ("sleep", "300")


def test_containers_go_with_an_engine_that_was_killed() -> None:
    """Nobody ends them then but who knows their control groups."""
    if os.geteuid() != 0:
        missing("swarm", "only root makes control groups")
    name = f"storedog-test-{uuid.uuid4().hex[:8]}"
    one = (_GROUPS / "cgroup.procs").exists()
    group = (_GROUPS if one else _GROUPS / "pids") / name / "container"
    group.mkdir(parents=True)
    with subprocess.Popen(_SLEEP) as container:
        (group / "cgroup.procs").write_text(str(container.pid))
        remove_group(name)
        assert container.wait(5) == -signal.SIGKILL
    assert not group.parent.exists()
    remove_group(name)


def test_a_shell_that_names_an_engines_folder_is_nobodys_to_end() -> None:
    swarm = Swarm(Network("storedog-none", "10.213.10", 1))
    folder = swarm.manager.removeprefix("unix://").removesuffix("docker.sock")
    with subprocess.Popen(
        ["sh", "-c", "read -r _; exit 7", folder], stdin=subprocess.PIPE
    ) as shell:
        swarm.remove()
        shell.communicate(b"\n")
    assert shell.returncode == 7
