"""Runs that end with SIGKILL right after one of their calls that change the cluster."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.deploy.kubernetes.api.cluster import Cluster
from tests.deploy import roads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# What a run does, and whether a candidate answers before.
ROADS = [("deploy", False), ("fail", False), ("rollback", False), ("deploy", True)]


def killed_after(call: int, road: Callable[[], object]) -> bool:
    """Whether it was; False where the road has come to its end before."""
    return roads.killed(lambda: _kill_after(call), road)


def _kill_after(call: int) -> None:
    left = [call]
    asked = Cluster._asked

    @contextmanager
    def counted(*arguments: Any) -> Iterator[None]:
        try:
            with asked(*arguments):
                yield
        finally:
            # A look leaves what the call before it left, and the lock's renewals, which are
            # another thread's, come when they come.
            mine = threading.current_thread() is threading.main_thread()
            if mine and arguments[1] in ("create", "update", "patch", "delete"):
                left[0] -= 1
                if left[0] == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

    Cluster._asked = counted  # type: ignore[method-assign, assignment]
