"""SIGKILL for a run, for the proxy and for the engine itself, after calls that change something.

Each test tells how many cells of the matrix it filled. What `test_deploy_crash` kills is not here.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import pytest
import requests

from pytest_storedog_gate.deploy.docker.names import Names
from pytest_storedog_gate.deploy.docker.traffic import stopping
from pytest_storedog_gate.deploy.environment import Address
from pytest_storedog_gate.deploy.reaching.engine_address import EngineAddress
from pytest_storedog_gate.deploy.runtime import Job
from tests.live.images.factory import BASE, ImageFactory
from tests.live.own_engine import REGISTRY, OwnEngine, own_engine
from tests.live.places import ENDPOINT, Place
from tests.live.releases import free_port
from tests.live.runs_apart import FORKS, RunApart

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_storedog_gate.deploy.environment import Environment
    from tests.live.runs_apart import Task

pytestmark = [pytest.mark.live, pytest.mark.long, FORKS]
HAPROXY = "localhost:5000/storedog/haproxy:2.6"
STRATEGIES = ("recreate", "rename", "edge")
TASKS: tuple[Task, ...] = ("deploy", "refuse", "roll back")
MANY = 80
SOON = 30.0  # s
# Of the points of a task, so many get the engine or the proxy killed.
SPREAD = 4


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Tells a person who looks on."""

    def tell(line: str) -> None:
        with capsys.disabled():
            sys.stdout.write(f"\n{line}\n")

    return tell


@pytest.fixture(autouse=True)
def no_drain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has connections open here, and there are many runs."""
    monkeypatch.setattr(stopping, "_LONGEST_DRAIN", 0.0)


@dataclass
class Site:
    """An environment with release 1, and what answers there."""

    place: Place
    environment: Environment
    old: str
    new: str

    @property
    def by_edge(self) -> bool:
        return self.environment.strategy == "edge"

    @property
    def proxy(self) -> int:
        """The process of the edge's container, by which the container lives."""
        edge = self.place.engine.containers.get(f"{self.place.live}.edge")
        return int(edge.attrs["State"]["Pid"])

    def deploy(self) -> None:
        """Release 1 is live, whatever was before."""
        with RunApart(self.environment, self.old) as run:
            run.lives("deploy", self.old)

    def points(self, task: Task) -> list[int]:
        """Some of a task's calls, from the first to the last."""
        with RunApart(self.environment, self.old) as run:
            calls = run.lives(task, self.new)
        if task == "deploy":
            self.deploy()
        return sorted({1 + round(n * (calls - 1) / (SPREAD - 1)) for n in range(SPREAD)})

    def at_the_address(self) -> str:
        """What the published address says, without a second try."""
        return requests.get(f"http://{self.environment.publish['shop']}/", timeout=10).text

    def soon_at_the_address(self) -> str:
        """What it says once anything answers there."""
        deadline = time.monotonic() + SOON
        while True:
            try:
                return self.at_the_address()
            except requests.RequestException:
                assert time.monotonic() < deadline, "nobody answers"
                time.sleep(0.05)

    def mended(self) -> str:
        """The release that answers, alone, once the next run has mended what was left."""
        live = self.place.live
        with RunApart(self.environment, self.old):
            found = self.place.containers()
            standing = {name: found[name] for name in found if not name.endswith(".lock")}
            beside = {f"{live}.edge": "running"} if self.by_edge else {}
            assert standing == {live: "running", **beside}
            attributes = self.place.engine.containers.get(live).attrs
            assert attributes["HostConfig"]["RestartPolicy"]["Name"] == "always"
            answer = self.place.answer()
            version = attributes["Config"]["Labels"]["com.datadoghq.tags.version"]
            assert version == f"{answer}-serves"
            if self.by_edge:
                assert self.at_the_address() == answer
        return answer

    def hold(self, ended: str, task: Task) -> None:
        """What the next run finds agrees with how the run ended; release 1 is live then."""
        answer = self.mended()
        assert answer in ({"1", "2"} if task == "deploy" else {"1"})
        if task == "deploy" and ended == "done":
            assert answer == "2", "it was said to be deployed"
        if answer == "2":
            self.deploy()


def site(
    place: Place,
    images: ImageFactory,
    strategy: str,
    endpoint: str = ENDPOINT,
    job: Job | None = None,
) -> Site:
    made = place.environment(strategy)
    made = replace(made, services=tuple(replace(s, before_swap=job) for s in made.services))
    if strategy == "edge":
        address, preview = (Address("127.0.0.1", free_port()) for _ in range(2))
        made = replace(made, publish={"shop": address}, preview=preview, edge_image=HAPROXY)
    made = replace(made, project=place.name, engine=EngineAddress(endpoint))
    place.live = Names.of(made, "shop").live
    found = Site(place, made, images("1"), images("2"))
    found.deploy()
    return found


def proved(task: Task) -> set[str]:
    """Who may answer users before the next run: what is refused never does."""
    return {"1"} if task == "refuse" else {"1", "2"}


@pytest.mark.parametrize("task", [*TASKS, "job"])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_run_is_killed(
    place: Place, images: ImageFactory, strategy: str, task: str, told: Callable[[str], None]
) -> None:
    """After each of its calls; a job is that of a deployment."""
    job = Job(("python3", "-c", "print('migrated')")) if task == "job" else None
    here, name = site(place, images, strategy, job=job), task
    task = "deploy" if job else cast("Task", task)
    answers = []
    for calls in range(1, MANY):
        with RunApart(here.environment, here.old) as run:
            killed = run.dies(calls, task, here.new)
        if here.by_edge:
            assert here.at_the_address() in proved(task)
        answers.append(here.mended())
        if not killed:
            break
        if answers[-1] == "2":
            here.deploy()
    told(f"{strategy}, {name}: a run killed in {len(answers) - 1} cells")
    assert len(answers) > 4
    # The old version until the deployment was concluded, the new one from then on.
    assert answers == sorted(answers)
    assert set(answers) == ({"1", "2"} if task == "deploy" else {"1"})


@pytest.mark.parametrize("task", TASKS)
def test_the_proxy_is_killed(
    place: Place, images: ImageFactory, task: Task, told: Callable[[str], None]
) -> None:
    """It comes back by itself and goes to what has the traffic; the run notices or goes on."""
    here = site(place, images, "edge")
    points = here.points(task)
    for calls in points:
        with RunApart(here.environment, here.old) as run:
            ended = run.outlives(here.proxy, calls, task, here.new)
        assert here.soon_at_the_address() in proved(task)
        here.hold(ended, task)
    told(f"edge, {task}: the proxy killed in {len(points)} cells")


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnEngine]:
    with own_engine(tmp_path_factory.mktemp("engine")) as engine:
        engine.take(BASE, HAPROXY)
        engine.client.images.push(HAPROXY)
        yield engine


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_engine_is_killed(
    own: OwnEngine, strategy: str, task: Task, told: Callable[[str], None]
) -> None:
    """And starts again: with edge it answers before the next run, always it does after it."""
    images = ImageFactory(own.client, REGISTRY)
    place = Place(own.client, images.repository)
    here = site(place, images, strategy, own.endpoint)
    points = here.points(task)
    for calls in points:
        with RunApart(here.environment, here.old) as run:
            ended = run.outlives(own.pid, calls, task, here.new)
        own.start_again()
        place.engine = own.client
        if here.by_edge:
            assert here.soon_at_the_address() in proved(task)
        here.hold(ended, task)
    place.remove()
    told(f"{strategy}, {task}: the engine killed in {len(points)} cells")
