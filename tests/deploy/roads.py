"""Whole runs at places of a cluster or a Swarm, and their ends by SIGKILL."""

from __future__ import annotations

import multiprocessing
import signal
from typing import TYPE_CHECKING, Protocol

from pytest_storedog_gate.deploy import Answers
from pytest_storedog_gate.errors import DeploymentFailed

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from pytest_storedog_gate.deploy import Deployer, ImageReference
    from pytest_storedog_gate.deploy.environment import Environment


class Place(Protocol):
    """See the places of the fake cluster and Swarm, and of the real ones."""

    old: ImageReference
    new: ImageReference
    bad: ImageReference

    def reach(self, environment: Environment) -> AbstractContextManager[Deployer]: ...
    def answer(self) -> str | None: ...


def road(place: Place, which: str, environment: Environment) -> Callable[[], None]:
    """A whole run: it lets a version through, never gets it ready, or refuses it.

    It is refused by checks before it has traffic, or put back after those that come then.
    """
    image = place.bad if which == "fail" else place.new

    def taken() -> None:
        with place.reach(environment) as deployer, deployer.lock(wait=10) as held:
            held.recover()
            fetched = held.fetch(image)
            try:
                staged = fetched.stage()
                if environment.preview is not None:
                    assert isinstance(staged, Answers)
                    staged.prove()
                if which == "refuse":
                    held.put_back()
                    return
                live = staged.promote()
            except DeploymentFailed:
                if which != "fail":
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


def killed(arm: Callable[[], object], road: Callable[[], object]) -> bool:
    """Takes the road in a process of its own; False where it has come to its end before.

    What is armed there kills it.
    """

    def take() -> None:
        arm()
        road()

    child = multiprocessing.get_context("fork").Process(target=take)
    child.start()
    child.join()
    if child.exitcode not in (0, -signal.SIGKILL):
        raise AssertionError(f"the road ended with {child.exitcode}")
    return child.exitcode != 0
