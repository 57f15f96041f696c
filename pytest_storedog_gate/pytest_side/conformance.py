"""What a deployer has to hold to, as tests that speak the types of `deploy` alone.

A project runs them against its own: a class derived from `Contract`, or from those of its parts
that the deployer promises, with a fixture `place`. See docs/how-to/deployers.md.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol, Self

import pytest

from pytest_storedog_gate.deploy import Agrees, Watches
from pytest_storedog_gate.errors import ConfigurationError, DeploymentFailed, Locked, NoVerdict

if TYPE_CHECKING:
    from collections.abc import Generator
    from contextlib import AbstractContextManager

    from pytest_storedog_gate.deploy import Deployer, Held, ImageReference, Live

_UNTIL_PROMOTED = ("lock", "fetch", "stage", "promote")
_SOON = 20.0  # seconds; a platform may take a moment to see that a lock's holder has ended


class Place(Protocol):
    """An environment in which nothing stands yet, of a deployer, and how the tests see it.

    `old` and `new` are two versions with their digests; `bad` is one that never becomes ready.
    """

    old: ImageReference
    new: ImageReference
    bad: ImageReference

    def reach(self) -> AbstractContextManager[Deployer]:
        """What the deployer's hook gives, for a run of its own each time."""

    def answer(self) -> str | None:
        """The digest of what has the traffic now; None where nothing has."""

    def take_away(self) -> None:
        """Takes away what has the traffic, as somebody else would."""


class Run:
    """One run's road; what it has done stays as it is when its context ends."""

    def __init__(self, place: Place, image: ImageReference, *, wait: float = 0.0) -> None:
        self._road = self._steps(place, image, wait)
        self.deployer: Deployer
        self.mended: str | None
        self.held: Held
        self.live: Live

    def until(self, step: str) -> Self:
        assert step in self._road
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._road.close()

    def _steps(self, place: Place, image: ImageReference, wait: float) -> Generator[str]:
        with place.reach() as self.deployer, self.deployer.lock(wait=wait) as self.held:
            self.mended = self.held.recover()
            yield "lock"
            fetched = self.held.fetch(self.deployer.resolve(image))
            yield "fetch"
            staged = fetched.stage()
            yield "stage"
            self.live = staged.promote()
            yield "promote"
            self.live.prove()
            self.live.conclude()
            yield "conclude"


def deploy(place: Place, image: ImageReference) -> None:
    """A whole run, which has to get along with whatever was there before."""
    with Run(place, image).until("conclude"):
        assert place.answer() == image.digest


class Deploys:
    """It puts a digest into the environment, and proves it."""

    def test_what_is_asked_for_gets_the_traffic(self, place: Place) -> None:
        for image in (place.old, place.new):
            before = place.answer()
            with Run(place, image).until("promote") as run:
                assert place.answer() == image.digest
                run.live.prove()
                done = run.live.deployment
                run.live.conclude()
            assert place.answer() == done.image.digest == image.digest
            assert done.previous_digest in (before, None)
            assert done.started <= done.finished
            assert done.downtime >= 0

    def test_a_digest_is_resolved_to_itself(self, place: Place) -> None:
        with place.reach() as deployer:
            assert deployer.resolve(place.new).digest == place.new.digest

    def test_no_tag_is_assumed(self, place: Place) -> None:
        with place.reach() as deployer, pytest.raises((ConfigurationError, NoVerdict)):
            deployer.resolve(replace(place.new, tag=None, digest=None))

    def test_a_candidate_has_no_traffic(self, place: Place) -> None:
        deploy(place, place.old)
        with Run(place, place.new).until("stage"):
            assert place.answer() == place.old.digest

    def test_what_is_never_ready_gets_no_traffic(self, place: Place) -> None:
        deploy(place, place.old)
        with pytest.raises(DeploymentFailed), Run(place, place.bad) as run:
            run.until("promote")
        assert place.answer() == place.old.digest
        deploy(place, place.new)

    def test_what_is_gone_is_not_proved(self, place: Place) -> None:
        with Run(place, place.new).until("promote") as run:
            run.live.prove()
            place.take_away()
            with pytest.raises(DeploymentFailed):
                run.live.prove()

    def test_a_concluded_deployment_needs_no_mending(self, place: Place) -> None:
        deploy(place, place.new)
        with Run(place, place.new).until("lock") as run:
            assert run.mended is None
        assert place.answer() == place.new.digest

    def test_a_plan_changes_nothing(self, place: Place) -> None:
        deploy(place, place.old)
        with place.reach() as deployer:
            plan = deployer.foresee(place.new)
            steps = (plan.lock, plan.resolve, plan.fetch, plan.stage, plan.promote)
            assert [line for step in steps for line in step()]
            assert plan.image.digest == place.new.digest
        assert place.answer() == place.old.digest
        deploy(place, place.new)


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
class PutsBack:
    """It puts the previous version back, also after a run that was killed."""

    def kill(self, place: Place, image: ImageReference, after: str) -> None:
        """Takes a run in a process of its own up to a step, and ends it with SIGKILL."""

        def run() -> None:
            with Run(place, image).until(after):
                os.kill(os.getpid(), signal.SIGKILL)

        child = multiprocessing.get_context("fork").Process(target=run)
        child.start()
        child.join()
        assert child.exitcode == -signal.SIGKILL

    def test_rollback(self, place: Place) -> None:
        deploy(place, place.old)
        with Run(place, place.new).until("promote") as run:
            assert run.live.rollback()
        assert place.answer() == place.old.digest
        with Run(place, place.new).until("fetch") as run:
            assert run.mended is None

    def test_rollback_of_the_first_deployment(self, place: Place) -> None:
        with Run(place, place.new).until("promote") as run:
            assert run.live.rollback()
        assert place.answer() is None
        deploy(place, place.new)

    @pytest.mark.parametrize("step", _UNTIL_PROMOTED)
    def test_put_back_after_each_step(self, place: Place, step: str) -> None:
        deploy(place, place.old)
        with Run(place, place.new).until(step) as run:
            run.held.put_back()
        assert place.answer() == place.old.digest
        with Run(place, place.new).until("fetch") as run:
            assert run.mended is None

    @pytest.mark.parametrize("step", _UNTIL_PROMOTED)
    def test_broken_off_after_each_step(self, place: Place, step: str) -> None:
        deploy(place, place.old)
        with Run(place, place.new).until(step):
            pass
        with Run(place, place.new).until("lock"):
            assert place.answer() == place.old.digest
        deploy(place, place.new)

    @pytest.mark.parametrize("step", _UNTIL_PROMOTED)
    def test_killed_after_each_step(self, place: Place, step: str) -> None:
        deploy(place, place.old)
        self.kill(place, place.new, step)
        with Run(place, place.new, wait=_SOON).until("lock"):
            assert place.answer() == place.old.digest
        deploy(place, place.new)

    def test_killed_in_the_first_deployment(self, place: Place) -> None:
        self.kill(place, place.new, "promote")
        # Where nothing stands, a deployer may have nothing to make its lock of before.
        with Run(place, place.new, wait=_SOON).until("fetch"):
            assert place.answer() is None
        deploy(place, place.new)

    def test_killed_after_it_was_concluded(self, place: Place) -> None:
        deploy(place, place.old)
        self.kill(place, place.new, "conclude")
        with Run(place, place.new, wait=_SOON).until("lock") as run:
            assert run.mended is None
            assert place.answer() == place.new.digest


class Locks:
    """One run at a time."""

    def test_one_run_at_a_time(self, place: Place) -> None:
        with (
            Run(place, place.new).until("fetch"),
            pytest.raises(Locked),
            Run(place, place.new) as second,
        ):
            second.until("fetch")
        deploy(place, place.new)

    def test_the_lock_can_be_waited_for(self, place: Place) -> None:
        deploy(place, place.old)
        with Run(place, place.old).until("fetch") as first:
            end = threading.Timer(0.2, first.__exit__)
            end.start()
            with Run(place, place.new, wait=_SOON).until("conclude"):
                assert place.answer() == place.new.digest
            end.join()


class Contract(Deploys, PutsBack, Locks):
    """All of it."""


class AgreesWithOthers:
    """It can be one of several targets; only who offers `deploy.Agrees` has to."""

    def test_what_was_agreed_on_can_be_kept_by_the_next_run(self, place: Place) -> None:
        deploy(place, place.old)
        with Run(place, place.new).until("promote") as run:
            assert isinstance(run.held, Agrees)
            here = run.live.deployment.deploy_id
            assert run.held.standing() == here
            run.held.agree({"here": "an older one"})
            run.held.agree({"here": here, "there": "another"})
        with place.reach() as deployer, deployer.lock(wait=_SOON) as held:
            assert isinstance(held, Agrees)
            assert held.agreed() == {"here": here, "there": "another"}
            assert held.standing() == here
            assert held.keep()
            assert held.keep() is None
            assert held.recover() is None
        assert place.answer() == place.new.digest
        deploy(place, place.old)


class WatchesServices:
    """It sees what becomes of what is live; only who offers `deploy.Watches` has to."""

    def test_what_is_taken_away_is_seen(self, place: Place) -> None:
        deploy(place, place.old)
        with Run(place, place.new).until("promote") as run:
            assert isinstance(run.deployer, Watches)
            looks = run.deployer.watch()
            for _ in range(2):
                look = next(looks)
                assert look
                assert set(look.values()) == {None}
            place.take_away()
            end = time.monotonic() + _SOON
            while not any(isinstance(wrong, DeploymentFailed) for wrong in look.values()):
                assert time.monotonic() < end, "what is gone is not seen"
                look = next(looks)
