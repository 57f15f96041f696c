"""Two real engines, each with a registry of its own: a run is killed, and both have one version.

The second engine is in a network of its own, and this process with it; the first one's containers
are not reached from there, so that what runs is asked of the engines.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.deploy import Build, ImageReference, several
from pytest_storedog_gate.deploy.docker import deployer
from pytest_storedog_gate.deploy.docker.traffic import stopping
from pytest_storedog_gate.deploy.reaching.engine_address import EngineAddress
from tests.live.own_engine import own_engine
from tests.live.places import ENDPOINT, Place
from tests.live.runs_apart import FORKS, kill_after

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from multiprocessing.connection import Connection
    from pathlib import Path

    import docker

    from pytest_storedog_gate.deploy.environment import Environment
    from pytest_storedog_gate.deploy.several.deployer import TargetsDeployer
    from tests.live.images.factory import ImageFactory

pytestmark = [pytest.mark.live, pytest.mark.long, FORKS]
SOON = 20.0  # s; the lock of a run that was killed takes a moment to go
EACH = 3  # calls; a cell takes some seconds, and the fake engines have all of them
PROMOTED = 0.7  # of a run's calls until the proof: so far, one target has the new version


def reached(environment: Environment) -> AbstractContextManager[TargetsDeployer]:
    build, redact = Build("c0ffee", "41", "http://drone.example/41"), str
    reach = partial(deployer.connected, build=build, redact=redact, timing=nullcontext)
    return several.connected(environment, reach, lambda _line: None)


def release(environment: Environment, image: str, calls: int, line: Connection | None) -> None:
    """A run; it is killed after so many calls, and tells how many it took, and until the proof."""
    with reached(environment) as targets, targets.lock(wait=SOON) as held:
        held.recover()
        seen = kill_after(calls, os.getpid())
        live = held.fetch(targets.resolve(ImageReference.parse(image))).stage().promote()
        live.prove()
        proved = seen()
        live.conclude()
        if line is not None:
            line.send((proved, seen()))


def apart(environment: Environment, image: str, calls: int = 0) -> tuple[int, int] | None:
    """The same in a process of its own; None where that was killed."""
    ours, theirs = multiprocessing.Pipe()
    fork = multiprocessing.get_context("fork")
    process = fork.Process(target=release, args=(environment, image, calls, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        told: tuple[int, int] | None = ours.recv()
    except EOFError:
        told = None
    process.join()
    assert process.exitcode == (0 if told else -signal.SIGKILL), "its error is told above"
    return told


@pytest.fixture
def engines(
    engine: docker.DockerClient, images: ImageFactory, tmp_path: Path
) -> Iterator[dict[str, docker.DockerClient]]:
    """By their addresses; each one's registry has both releases, under the same names."""
    named = [images(each).rpartition(":") for each in ("1", "2")]
    for repository, _, tag in named:
        engine.images.pull(repository, tag)
    with own_engine(tmp_path) as own:
        own.take(*map("".join, named))
        for repository, _, tag in named:
            own.client.images.push(repository, tag)
        yield {ENDPOINT: engine, own.endpoint: own.client}


def test_a_run_that_is_killed_leaves_one_version_on_both_engines(
    place: Place,
    images: ImageFactory,
    engines: dict[str, docker.DockerClient],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(stopping, "_LONGEST_DRAIN", 0.0)
    old, new = images("1"), images("2")
    one = place.environment("rename", lock_image=old)
    (shop,) = one.services
    targets = {
        f"t{number}": {"engine": EngineAddress(address), "overrides": {}}
        for number, address in enumerate(engines)
    }
    here = replace(one, services=(replace(shop, readiness=None),), targets=targets)
    assert apart(here, old)
    told = apart(here, new)
    assert told is not None
    proved, calls = told
    # Then, and after some of the calls from the proof on: they note, and conclude.
    points = [round(PROMOTED * proved), *range(proved, calls + 1, EACH)]
    answers = ["2-serves"]
    for point in points:
        if answers[-1] == "2-serves":
            apart(here, old)
        assert apart(here, new, point) is None
        with reached(here) as found, found.lock(wait=SOON) as held:
            held.recover()
        answers.append(one_version(engines, place))
    answers.pop(0)
    with capsys.disabled():
        print(f"\ntwo engines: a run killed in {len(answers)} cells, {answers}")  # noqa: T201
    assert answers == sorted(answers)
    assert set(answers) == {"1-serves", "2-serves"}


def one_version(engines: dict[str, docker.DockerClient], place: Place) -> str:
    """What runs on both engines, where nothing is left beside it."""
    found = set()
    for engine in engines.values():
        there = engine.containers.list(all=True, filters={"name": place.name})
        assert [(each.name, each.status) for each in there] == [(place.live, "running")]
        found.add(there[0].labels["com.datadoghq.tags.version"])
    assert len(found) == 1, f"the engines run {found}"
    return str(found.pop())
