"""The browsers that a test process has started."""

from __future__ import annotations

import os
import subprocess
from typing import Any


def chromium_of_this_process() -> list[int]:
    """The main processes of the browsers that this test process has started, by its driver."""
    return [
        pid
        for pid, args in _descendants()
        if "--remote-debugging-pipe" in args and "--type=" not in args
    ]


def renderers_of_this_process() -> list[int]:
    """The processes of the pages of those browsers."""
    return [pid for pid, args in _descendants() if "--type=renderer" in args]


def _descendants() -> list[tuple[int, str]]:
    listed = subprocess.run(
        ["ps", "-ww", "-eo", "pid,ppid,args"], capture_output=True, text=True, check=True
    )
    rows: list[Any] = [line.split(None, 2) for line in listed.stdout.splitlines()[1:]]
    parent = {int(pid): int(parent) for pid, parent, *_ in rows}

    def is_mine(pid: int) -> bool:
        while pid in parent and pid != os.getpid():
            pid = parent[pid]
        return pid == os.getpid()

    return [(int(pid), args) for pid, _, args in rows if is_mine(int(pid))]
