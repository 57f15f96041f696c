"""Runs that end with SIGKILL right after one of their calls that change the Swarm."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tests.deploy import roads
from tests.live.runs_apart import kill_after

if TYPE_CHECKING:
    from collections.abc import Callable

# What a run does, and whether a candidate answers before.
ROADS = [
    *((which, previews) for which in ("deploy", "fail", "rollback") for previews in (False, True)),
    ("refuse", True),
]


def killed_after(call: int, road: Callable[[], object]) -> bool:
    """Whether it was; False where the road has come to its end before."""
    return roads.killed(lambda: kill_after(call, os.getpid()), road)
