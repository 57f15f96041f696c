"""Killed by SIGKILL after any call to the engine, a run is mended by the next one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.deploy.docker.traffic import stopping
from pytest_storedog_gate.deploy.environment import Service
from tests.live.runs_apart import FORKS, RunApart

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_storedog_gate.deploy.environment import Environment
    from tests.live.images.factory import ImageFactory
    from tests.live.places import Place

    Run = Callable[[Environment, str], str]

pytestmark = [pytest.mark.live, FORKS]
# More changing calls than any run makes; a loop that gets there does not count its calls.
MANY = 60
# tests/deploy/test_interrupted has every strategy killed in each of these ways, on the fake engine.
# On a real one each way is walked by one of them; the other takes a minute more, and is `long`.
RECREATE = ("recreate", pytest.param("rename", marks=pytest.mark.long))
RENAME = ("rename", pytest.param("recreate", marks=pytest.mark.long))


@pytest.fixture(autouse=True)
def no_drain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has connections open here, and there are many runs."""
    monkeypatch.setattr(stopping, "_LONGEST_DRAIN", 0.0)


def runs(environment: Environment, image: str) -> Iterator[tuple[int, RunApart]]:
    """One run for each call that it may be killed after.

    Each one has mended what the one before it left, and goes on from there: every one of them
    proves, too, that the next deployment gets along with what was mended.
    """
    for calls in range(1, MANY):
        with RunApart(environment, image) as run:
            yield calls, run
    pytest.fail(f"a run was still killed after {MANY} calls")


def standing(place: Place) -> dict[str, str]:
    """What stands there beside the lock of a run, and how."""
    found = place.containers()
    assert found.pop(f"{place.name}.lock") == "running"
    return found


def release_of(place: Place, containers: dict[str, str]) -> str:
    """The release that answers, from an environment in which nothing else is left."""
    assert containers == {place.live: "running"}
    live = place.engine.containers.get(place.live)
    answer = place.answer()
    assert live.labels["com.datadoghq.tags.version"] == f"{answer}-serves"
    assert live.attrs["HostConfig"]["RestartPolicy"]["Name"] == "always"
    return answer


@pytest.mark.parametrize("strategy", RECREATE)
def test_killed_while_it_deploys(
    place: Place, images: ImageFactory, run: Run, strategy: str
) -> None:
    environment = place.environment(strategy)
    tags = {release: images(release) for release in ("1", "2")}
    run(environment, tags["1"])
    wanted = "1"
    concluded = []
    for calls, apart in runs(environment, tags["1"]):
        answer = release_of(place, standing(place))
        concluded.append(answer == wanted)
        wanted = "1" if answer == "2" else "2"
        if not apart.dies(calls, "deploy", tags[wanted]):
            break
    assert release_of(place, place.containers()) == wanted
    # The old version until the deployment was concluded, the new one from then on.
    first, *killed = concluded
    assert first
    assert killed == sorted(killed)
    assert {False, True} == set(killed)


@pytest.mark.parametrize("strategy", RENAME)
def test_killed_in_the_first_deployment(place: Place, images: ImageFactory, strategy: str) -> None:
    environment = place.environment(strategy)
    concluded = []
    for calls, apart in runs(environment, images("1")):
        left = standing(place)
        if calls > 1:
            concluded.append(left != {})
        if left:
            assert release_of(place, left) == "1"
            apart.kill()
            place.empty()
            with RunApart(environment, images("1")) as anew:
                killed = anew.dies(calls, "deploy", images("1"))
        else:
            killed = apart.dies(calls, "deploy", images("1"))
        if not killed:
            break
    assert release_of(place, place.containers()) == "1"
    assert concluded == sorted(concluded)
    assert {False, True} == set(concluded)


@pytest.mark.parametrize("strategy", RECREATE)
def test_killed_while_it_recovers(
    place: Place, images: ImageFactory, run: Run, strategy: str
) -> None:
    environment = place.environment(strategy)
    run(environment, images("1"))
    for calls, apart in runs(environment, images("1")):
        assert release_of(place, standing(place)) == "1"
        if not apart.dies(calls, "recover", images("2")):
            break
    assert release_of(place, place.containers()) == "1"
    # At least start, remove, restart policy, rename.
    assert calls > 4


def test_killed_while_it_replaces_a_supporting_service(
    place: Place, images: ImageFactory, run: Run
) -> None:
    def environment(release: str) -> Environment:
        return place.environment("rename", services=(Service("db", images(release)),))

    db = f"{place.name}-db"
    answers = []
    run(environment("1"), images("1"))
    for calls, apart in runs(environment("2"), images("3")):
        assert standing(place) == {place.live: "running", db: "running"}
        answers.append(place.answer(db))
        if answers[-1] == "2" or not apart.dies(calls, "deploy", images("3")):
            break
    assert answers == sorted(answers)
    assert set(answers) == {"1", "2"}
