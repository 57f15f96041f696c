"""A run that ends with SIGKILL right after one of its calls that change the cluster."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.deploy.kubernetes.api.cluster import Cluster

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def killed_after(call: int, road: Callable[[], object]) -> bool:
    """Takes the road in a process of its own; False where it has come to its end before."""
    child = multiprocessing.get_context("fork").Process(target=_take, args=(call, road))
    child.start()
    child.join()
    if child.exitcode not in (0, -signal.SIGKILL):
        raise AssertionError(f"the road ended with {child.exitcode}")
    return child.exitcode != 0


def _take(call: int, road: Callable[[], object]) -> None:
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
    road()
