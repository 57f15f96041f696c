"""Two services of a Swarm are the targets of one environment: a killed run leaves one version."""

from __future__ import annotations

import multiprocessing
import os
import signal
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.deploy import Build, several
from pytest_storedog_gate.deploy.platforms import swarm as platform
from pytest_storedog_gate.deploy.swarm import agreeing
from pytest_storedog_gate.deploy.swarm.journal import Journal
from tests.live.runs_apart import FORKS
from tests.swarm.places import SOON, Door, Place

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from pytest_storedog_gate.deploy import ImageReference
    from pytest_storedog_gate.deploy.several.deployer import TargetsDeployer
    from tests.live.images.factory import ImageFactory

pytestmark = [pytest.mark.swarm, pytest.mark.long, FORKS]
# Where a run is killed: before the first target notes that all agree, or the first one concludes.
WHICH_STAYS = {(agreeing, "noted"): "old", (Journal, "concluded"): "new"}


def reached(places: list[Place]) -> AbstractContextManager[TargetsDeployer]:
    targets = {}
    for place in places:
        own = place.environment()
        targets[place.name] = {"target": own.target, "preview": own.preview, "overrides": {}}
    environment = replace(places[0].environment(), targets=targets)
    reach = partial(platform.connected, build=Build(), redact=str)
    return several.connected(environment, reach, lambda _line: None)


def release(places: list[Place], image: ImageReference) -> None:
    with reached(places) as targets, targets.lock(wait=SOON) as held:
        live = held.fetch(image).stage().promote()
        live.prove()
        live.conclude()


def killed(places: list[Place], where: object, step: str) -> None:
    def run() -> None:
        setattr(where, step, lambda *_: os.kill(os.getpid(), signal.SIGKILL))
        release(places, places[0].new)

    child = multiprocessing.get_context("fork").Process(target=run)
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL


@pytest.mark.parametrize("previews", [False, True], ids=["", "with previews"])
def test_a_killed_run_leaves_one_version_in_both(
    door: Door, images: ImageFactory, previews: bool
) -> None:
    places = [Place(door, images, previews=previews) for _ in range(2)]
    try:
        for (where, step), stays in WHICH_STAYS.items():
            release(places, places[0].old)
            killed(places, where, step)
            assert {place.answer() for place in places} == {places[0].new.digest}
            with reached(places) as targets, targets.lock(wait=SOON) as held:
                assert held.recover()
            digest = getattr(places[0], stays).digest
            assert {place.answer() for place in places} == {digest}, step
            assert not [name for place in places for name in place.candidates]
    finally:
        for place in places:
            place.remove()
