"""Between any two calls to the engine a run is killed, or what it works on is taken away."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.deploy.environment import Service
from pytest_storedog_gate.deploy.runtime import Job
from pytest_storedog_gate.errors import DeploymentFailed, NoVerdict, RollbackFailed
from tests.deploy.conftest import LIVE, deploy, promoted, reached, recover, staging
from tests.deploy.fake_engine import FakeEngine, Killed
from tests.deploy.ways import ADDRESS, STALE, WAYS, each_way

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_storedog_gate.deploy import ImageReference
    from pytest_storedog_gate.deploy.environment import Environment
    from pytest_storedog_gate.errors import GateError
    from tests.deploy.fake_machine import Box, Machine

    # A run on a machine; it tells when its calls begin to count.
    Task = Callable[[Machine, Callable[[], None]], None]


class Between:
    """Does something after a call of a run, the n-th one since it was armed."""

    def __init__(self, calls: int, action: Callable[[FakeEngine], object]) -> None:
        self._calls, self._action = calls, action
        self._seen: int | None = None

    def arm(self) -> None:
        self._seen = 0

    @property
    def came(self) -> bool:
        return self._seen is not None and self._seen >= self._calls

    def __call__(self, engine: FakeEngine) -> None:
        if self._seen is not None:
            self._seen += 1
            if self._seen == self._calls:
                self._action(engine)


def killed(machine: Machine, task: Task) -> Iterator[Machine]:
    """What each run leaves that is killed after one of its calls, until one gets through."""
    for calls in count(1):
        left = machine.copy()
        left.between = death = Between(calls, FakeEngine.die)
        try:
            task(left, death.arm)
        except Killed:
            left.clock.sleep(STALE)
            yield left.copy()
        else:
            assert not death.came, "a run went on after its death"
            assert calls > 3
            return


def deploying(environment: Environment, image: ImageReference) -> Task:
    def task(machine: Machine, arm: Callable[[], None]) -> None:
        arm()
        deploy(machine, environment, image)

    return task


def recovering(environment: Environment) -> Task:
    def task(machine: Machine, arm: Callable[[], None]) -> None:
        arm()
        recover(machine, environment)

    return task


def rolling_back(environment: Environment, image: ImageReference) -> Task:
    def task(machine: Machine, arm: Callable[[], None]) -> None:
        with promoted(machine, environment, image) as (_, live):
            arm()
            live.rollback()

    return task


def failing(environment: Environment, image: ImageReference) -> Task:
    def task(machine: Machine, arm: Callable[[], None]) -> None:
        arm()
        with pytest.raises(DeploymentFailed):
            deploy(machine, environment, image)

    return task


def whole_release(machine: Machine, *beside: str) -> str | None:
    """The release that answers, where nothing but whole deployments and their containers is."""
    assert machine.statuses() == dict.fromkeys((LIVE, *beside), "running")
    live = machine.box(LIVE)
    assert live is not None
    release = machine.answer(LIVE)
    assert release == live.spec.labels["com.datadoghq.tags.version"]
    assert live.policy == "unless-stopped"
    if live.spec.publish is not None:
        assert machine.answer_at(live.spec.publish) == release
    return release


@each_way
def test_killed_while_it_deploys(
    machine: Machine, environment: Environment, old: ImageReference, new: ImageReference
) -> None:
    deploy(machine, environment, old)
    answers = []
    for left in killed(machine, deploying(environment, new)):
        recover(left, environment)
        answers.append(whole_release(left))
        deploy(left, environment, new)
        assert whole_release(left) == "2"
    # The old version until the deployment was concluded, the new one from then on.
    assert answers == sorted(answers, key=str)
    assert set(answers) == {"1", "2"}


# Between its two renames nobody has the name, and no engine can tell to whom it belongs.
WITHOUT_AN_ANSWER = {"rename": 1}


@pytest.mark.parametrize("kind", ["deploys", "rolls back"])
@pytest.mark.parametrize("way", ["rename", "recreate", "recreate, published", "edge, published"])
def test_an_engine_that_starts_anew_answers_before_the_next_run(
    machine: Machine, way: str, kind: str, old: ImageReference, new: ImageReference
) -> None:
    environment = WAYS[way]
    deploy(machine, environment, old)
    run = deploying if kind == "deploys" else rolling_back
    nobody = 0
    for left in killed(machine, run(environment, new)):
        left.restart()
        at_the_address = left.answer_at(ADDRESS) if environment.publish else None
        found = {box.image.release for box in left.boxes if box.running and answers(box)}
        answered = {at_the_address} if environment.publish else found
        nobody += not answered & {"1", "2"}
        recover(left, environment)
        assert whole_release(left) in ("1", "2")
    assert nobody <= WITHOUT_AN_ANSWER.get(way, 0)


def answers(box: Box) -> bool:
    """Whether it answers to what others call the service, by any of its strategies."""
    return LIVE in box.answers_to or "shop" in box.answers_to


@each_way
def test_killed_in_the_first_deployment(
    machine: Machine, environment: Environment, new: ImageReference
) -> None:
    concluded = []
    for left in killed(machine, deploying(environment, new)):
        with reached(left, environment) as deployer, deployer.lock() as held:
            held.recover()
            held.fetch(new)  # where nothing stood, the lock is made of it
        concluded.append(left.statuses() != {})
        assert not concluded[-1] or whole_release(left) == "2"
        deploy(left, environment, new)
        assert whole_release(left) == "2"
    assert concluded == sorted(concluded)
    assert {False, True} == set(concluded)


@each_way
def test_killed_while_it_recovers(
    machine: Machine, environment: Environment, old: ImageReference, new: ImageReference
) -> None:
    deploy(machine, environment, old)
    seen = set()
    for left in killed(machine, deploying(environment, new)):
        if left.state() in seen:
            continue
        seen.add(left.state())
        mended = left.copy()
        recover(mended, environment)
        for again in killed(left, recovering(environment)):
            recover(again, environment)
            assert whole_release(again) == whole_release(mended)
    assert len(seen) > 8


@each_way
def test_killed_while_it_rolls_back(
    machine: Machine, environment: Environment, old: ImageReference, new: ImageReference
) -> None:
    for left in killed(machine, rolling_back(environment, new)):
        recover(left, environment)
        assert left.statuses() == {}
    deploy(machine, environment, old)
    for left in killed(machine, rolling_back(environment, new)):
        recover(left, environment)
        assert whole_release(left) == "1"


@pytest.mark.parametrize(
    ("strategy", "behaviour"), [("rename", "exits"), ("recreate", "starts-once")]
)
def test_killed_while_a_failure_is_undone(
    machine: Machine, strategy: str, behaviour: str, old: ImageReference
) -> None:
    environment = staging(strategy, volumes={"data": "/data"})
    deploy(machine, environment, old)
    bad = machine.push("bad", behaviour)
    for left in killed(machine, failing(environment, bad)):
        recover(left, environment)
        assert whole_release(left) == "1"


def test_killed_while_it_replaces_a_supporting_service(machine: Machine) -> None:
    def environment(release: str) -> Environment:
        return staging(services=(Service("db", f"r.example/db:{release}"),))

    for release in ("1", "2", "3"):
        machine.push(release)
        machine.push(release, name="db")
    deploy(machine, environment("1"), machine.push("1"))
    answers = []
    for left in killed(machine, deploying(environment("2"), machine.push("2"))):
        recover(left, environment("2"))
        whole_release(left, "staging-db")
        answers.append(left.answer("staging-db"))
    assert answers == sorted(answers, key=str)
    assert set(answers) == {"1", "2"}


def test_killed_before_anything_was_there_to_make_its_lock_of(machine: Machine) -> None:
    """The service under the gate has never been there, a supporting one has."""

    def environment(release: str) -> Environment:
        return staging(services=(Service("db", f"r.example/db:{release}"),))

    first, second = machine.push("1", name="db"), machine.push("2")
    machine.push("2", name="db")
    bad = machine.push("bad", "exits")
    with pytest.raises(DeploymentFailed):
        deploy(machine, environment("1"), bad)
    assert machine.statuses() == {"staging-db": "running"}
    assert machine.answer("staging-db") == first.tag
    for left in killed(machine, deploying(environment("2"), second)):
        deploy(left, environment("2"), second)
        assert whole_release(left, "staging-db") == left.answer("staging-db") == "2"


# How a run may end from which this container was taken away.
ENDS: dict[str, tuple[type[GateError], ...]] = {
    LIVE: (DeploymentFailed, RollbackFailed),
    f"{LIVE}.prev": (DeploymentFailed, RollbackFailed),
    f"{LIVE}.next": (DeploymentFailed,),
    "staging.lock": (NoVerdict,),
}


@pytest.mark.parametrize("what", ENDS)
@each_way
def test_what_it_works_on_is_taken_away(
    machine: Machine,
    environment: Environment,
    what: str,
    old: ImageReference,
    new: ImageReference,
) -> None:
    deploy(machine, environment, old)
    taken = 0
    for calls in count(1):
        left = machine.copy()

        def take(engine: FakeEngine) -> None:
            nonlocal taken
            if (box := engine.machine.box(what)) is not None:
                engine.machine.remove(box)
                taken += 1

        left.between = between = Between(calls, take)
        between.arm()
        said = "done"
        try:
            deploy(left, environment, new)
        except ENDS[what] as error:
            said = str(error)
        if not between.came:
            break
        left.between = lambda _engine: None
        if "was not touched" in said or "was put back" in said:
            assert whole_release(left) == "1"
        if what.endswith((".next", ".lock")) and said != "done":
            recover(left, environment)
            assert whole_release(left) == "1"
        deploy(left, environment, new)
        assert whole_release(left) == "2"
    assert taken > 3


def test_a_run_that_was_killed_leaves_none_behind(
    machine: Machine, old: ImageReference, new: ImageReference
) -> None:
    job_name = f"{LIVE}.job"
    (shop,) = staging().services
    job = Job(("hang",), timeout=1)
    with_job = replace(staging(), services=(replace(shop, before_swap=job),))
    deploy(machine, staging(), old)
    left = []
    for state in killed(machine, deploying(with_job, new)):
        if state.box(job_name) is not None:
            left.append(state.box(job_name))
            assert state.answer(LIVE) == "1"
            assert job_name in (recover(state, staging()) or "")
        else:
            recover(state, staging())
        assert state.box(job_name) is None
        assert state.answer(LIVE) == "1"
        if len(left) > 5:  # it hangs for long
            break
    assert left
