"""Killed by SIGKILL after any call to the engine, a run is mended by the next one."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.deploy import ImageReference
from pytest_storedog_gate.deploy.docker.traffic import stopping
from pytest_storedog_gate.deploy.environment import Service
from tests.live.places import STRATEGIES
from tests.repository import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_storedog_gate.deploy.environment import Environment
    from tests.live.images.factory import ImageFactory
    from tests.live.places import Place

    Run = Callable[[Environment, str], str]

pytestmark = pytest.mark.live
# More changing calls than any run makes; a loop that gets there does not count its calls.
MANY = 60


@pytest.fixture(autouse=True)
def no_drain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has connections open here, and there are many runs."""
    monkeypatch.setattr(stopping, "_LONGEST_DRAIN", 0.0)


def crash(environment: Environment, image: str, task: str) -> Iterator[Callable[[], bool]]:
    """One run for each call that it may be killed after; each tells whether it was killed."""
    said = json.dumps({"environment": asdict(environment), "image": image})

    def killed(calls: int) -> bool:
        done = subprocess.run(
            [sys.executable, "-m", "tests.live.crashing_run", str(calls), task],
            cwd=ROOT,
            input=said,
            text=True,
            capture_output=True,
            timeout=120,
            check=False,
        )
        assert done.returncode in (0, -signal.SIGKILL), done.stderr
        return done.returncode != 0

    for calls in range(1, MANY):
        yield lambda calls=calls: killed(calls)  # type: ignore[misc]
    pytest.fail(f"{task} was still killed after {MANY} calls")


def recover(place: Place, environment: Environment, image: str) -> str | None:
    """What the next run does first."""
    journey = place.journey(environment)
    done = journey.lock(journey.resolve(ImageReference.parse(image)), wait=20).recover()
    journey.close()
    return done


def release_of(place: Place) -> str:
    """The release that answers, from an environment in which nothing else is left."""
    assert place.containers() == {place.live: "running"}
    live = place.engine.containers.get(place.live)
    answer = place.answer()
    assert live.labels["com.datadoghq.tags.version"] == f"{answer}-serves"
    assert live.attrs["HostConfig"]["RestartPolicy"]["Name"] == "unless-stopped"
    return answer


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_killed_while_it_deploys(
    place: Place, images: ImageFactory, run: Run, strategy: str
) -> None:
    environment = place.environment(strategy)
    old, new = images("1"), images("2")
    answers = []
    run(environment, old)
    # Each run starts from what the recovery before it left, so that every one of them proves, too,
    # that the next deployment gets along with it.
    for killed in crash(environment, new, "deploy"):
        if not killed():
            break
        recover(place, environment, new)
        answers.append(release_of(place))
        if answers[-1] == "2":
            run(environment, old)
    assert release_of(place) == "2"
    # The old version until the deployment was concluded, the new one from then on.
    assert answers == sorted(answers)
    assert set(answers) == {"1", "2"}


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_killed_in_the_first_deployment(
    place: Place, images: ImageFactory, run: Run, strategy: str
) -> None:
    environment = place.environment(strategy)
    concluded = []
    for killed in crash(environment, images("1"), "deploy"):
        if not killed():
            break
        recover(place, environment, images("2"))
        left = place.containers()
        concluded.append(left == {place.live: "running"})
        assert concluded[-1] or left == {}
        place.empty()
    assert release_of(place) == "1"
    assert concluded == sorted(concluded)
    assert {False, True} == set(concluded)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_killed_while_it_recovers(
    place: Place, images: ImageFactory, run: Run, strategy: str
) -> None:
    environment = place.environment(strategy)
    times = 0
    run(environment, images("1"))
    for killed in crash(environment, images("2"), "recover"):
        journey = place.journey(environment)
        journey.lock(journey.resolve(ImageReference.parse(images("2"))), wait=20)
        journey.deploy()
        journey.close()
        assert f"{place.live}.prev" in place.containers()
        if not killed():
            break
        times += 1
        recover(place, environment, images("2"))
        assert release_of(place) == "1"
    assert release_of(place) == "1"
    # At least start, remove, restart policy, rename.
    assert times >= 4


def test_killed_while_it_replaces_a_supporting_service(
    place: Place, images: ImageFactory, run: Run
) -> None:
    def environment(release: str) -> Environment:
        return place.environment("rename", services=(Service("db", images(release)),))

    db = f"{place.name}-db"
    answers = []
    run(environment("1"), images("1"))
    for killed in crash(environment("2"), images("3"), "deploy"):
        if not killed():
            break
        recover(place, environment("2"), images("3"))
        assert place.containers() == {place.live: "running", db: "running"}
        answers.append(place.answer(db))
        if answers[-1] == "2":
            break
    assert answers == sorted(answers)
    assert set(answers) == {"1", "2"}
