"""Runs that end with SIGKILL right after one of their calls that change the cluster."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from pytest_storedog_gate.deploy.kubernetes.api.cluster import Cluster
from pytest_storedog_gate.errors import DeploymentFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from pytest_storedog_gate.deploy import Deployer, ImageReference
    from pytest_storedog_gate.deploy.environment import Environment

# What a run does, and whether a candidate answers before.
ROADS = [("deploy", False), ("refuse", False), ("rollback", False), ("deploy", True)]


class Place(Protocol):
    """See the places of the fake cluster and of the real one."""

    old: ImageReference
    new: ImageReference
    bad: ImageReference

    def reach(self, environment: Environment) -> AbstractContextManager[Deployer]: ...
    def answer(self) -> str | None: ...


def road(place: Place, which: str, environment: Environment) -> Callable[[], None]:
    """A whole run that lets a version through, never gets it ready, or refuses it after checks."""
    image = place.bad if which == "refuse" else place.new

    def taken() -> None:
        with place.reach(environment) as deployer, deployer.lock(wait=10) as held:
            held.recover()
            try:
                live = held.fetch(image).stage().promote()
            except DeploymentFailed:
                if which != "refuse":
                    raise
                held.put_back()
                return
            live.prove()
            if which == "rollback":
                live.rollback()
            else:
                live.conclude()

    return taken


def next_run(place: Place, image: ImageReference, environment: Environment) -> str | None:
    """What the next run of somebody finds and does."""
    with place.reach(environment) as deployer, deployer.lock(wait=10) as held:
        mended = held.recover()
        assert place.answer() in (None, place.old.digest, place.new.digest)
        live = held.fetch(image).stage().promote()
        live.prove()
        live.conclude()
    return mended


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
