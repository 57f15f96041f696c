"""A run at several targets is killed after any call: the next one finds one version everywhere."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

import pytest

from pytest_storedog_gate.errors import DeploymentFailed
from tests.deploy.fake_engine import Killed
from tests.deploy.killing import whole_release
from tests.deploy.several.fleet import Death, Fleet, at_targets
from tests.deploy.ways import STALE, WAYS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_storedog_gate.deploy import ImageReference
    from pytest_storedog_gate.deploy.environment import Environment
    from tests.deploy.fake_machine import Machine

    # A run: it tells when its calls begin to count, and notes when it has proved what answers.
    Task = Callable[["Fleet", Callable[[], None], list[str]], None]


def killed(fleet: Fleet, task: Task) -> Iterator[tuple[Fleet, list[str]]]:
    """What each run leaves that is killed after one of its calls, until one gets through."""
    for calls in count(1):
        left, proved = fleet.copy(), list[str]()
        death = Death(left, calls)
        try:
            task(left, death.arm, proved)
        except Killed:
            fleet.clock.sleep(STALE)
            yield left.copy(), proved
        else:
            assert not death.came, "a run went on after its death"
            return


def deploying(environment: Environment, image: ImageReference) -> Task:
    def task(fleet: Fleet, arm: Callable[[], None], proved: list[str]) -> None:
        arm()
        with fleet.promoted(environment, image) as (_, live):
            live.prove()
            proved.append("2")
            live.conclude()

    return task


def refusing(environment: Environment, image: ImageReference) -> Task:
    def task(fleet: Fleet, arm: Callable[[], None], _proved: list[str]) -> None:
        with fleet.reached(environment) as deployer, deployer.lock() as held:
            held.recover()
            held.fetch(image).stage()
            arm()
            held.put_back()

    return task


def failing(environment: Environment, image: ImageReference) -> Task:
    """It is ready at the first target, and never at the last."""

    def task(fleet: Fleet, arm: Callable[[], None], _proved: list[str]) -> None:
        *_, last = fleet.machines.values()
        last.push(str(image.tag), "exits")
        with fleet.reached(environment) as deployer, deployer.lock() as held:
            held.recover()
            fetched = held.fetch(image)
            arm()
            with pytest.raises(DeploymentFailed):
                fetched.stage()

    return task


def rolling_back(environment: Environment, image: ImageReference) -> Task:
    def task(fleet: Fleet, arm: Callable[[], None], _proved: list[str]) -> None:
        with fleet.promoted(environment, image) as (_, live):
            arm()
            live.rollback()

    return task


def recovering(environment: Environment) -> Task:
    def task(fleet: Fleet, arm: Callable[[], None], _proved: list[str]) -> None:
        arm()
        fleet.recover(environment)

    return task


TASKS = {"deploy": deploying, "refuse": refusing, "fail": failing, "roll back": rolling_back}
STRATEGIES = ("rename", "recreate", "edge, published")
CELLS = [*((way, 2) for way in STRATEGIES), ("rename", 3)]


class Case(NamedTuple):
    """Release 1 is live at each target."""

    fleet: Fleet
    environment: Environment
    new: ImageReference


@pytest.fixture(params=CELLS, ids=[f"{way}, {targets} targets" for way, targets in CELLS])
def case(request: pytest.FixtureRequest, machine: Machine, old: ImageReference) -> Case:
    way, targets = request.param
    fleet, environment = Fleet(machine, targets), at_targets(WAYS[way], targets)
    new = fleet.push("2")
    fleet.deploy(environment, old)
    return Case(fleet, environment, new)


@pytest.mark.parametrize("kind", TASKS)
def test_killed_after_any_call(case: Case, kind: str) -> None:
    answers = []
    for left, proved in killed(case.fleet, TASKS[kind](case.environment, case.new)):
        left.recover(case.environment)
        answers.append(left.one_release())
        assert answers[-1] in ("1", *proved), "nobody has proved what is live"
    # The old version until all had agreed, the new one from then on.
    assert answers == sorted(answers, key=str)
    assert set(answers) == ({"1", "2"} if kind == "deploy" else {"1"})


@pytest.mark.parametrize("case", [("rename", 2)], indirect=True, ids=["rename, 2 targets"])
def test_killed_while_it_recovers(case: Case) -> None:
    seen, ends = set(), set()
    for left, _ in killed(case.fleet, deploying(case.environment, case.new)):
        # Those states in which something has to go back or forward.
        if (state := left.state()) in seen or left.answers() == {"1"}:
            continue
        seen.add(state)
        for again, _ in killed(left, recovering(case.environment)):
            again.recover(case.environment)
            ends.add(again.one_release())
    assert ends == {"1", "2"}


def test_the_next_run_knows_the_targets_by_another_order_and_not_all_of_them(case: Case) -> None:
    for left, _ in killed(case.fleet, deploying(case.environment, case.new)):
        if left.answers() == {"1"}:
            continue  # nothing has to go back or forward
        for gone in (None, *case.environment.targets):
            own = {t: own for t, own in case.environment.targets.items() if t != gone}
            there = left.copy()
            there.recover(replace(case.environment, targets=dict(reversed([*own.items()]))))
            found = {whole_release(there.machines[target]) for target in own}
            assert len(found) == 1


@pytest.mark.parametrize("case", [("rename", 2)], indirect=True, ids=["rename, 2 targets"])
@pytest.mark.parametrize("called", [("eu", "us"), ("us", "new"), ("new", "eu")], ids=" ".join)
def test_the_next_run_knows_the_targets_by_other_names(case: Case, called: tuple[str, str]) -> None:
    here = case.environment
    renamed = replace(here, targets=dict(zip(called, here.targets.values(), strict=True)))
    answers = []
    for left, _ in killed(case.fleet, deploying(here, case.new)):
        if left.answers() != {"1"}:
            left.recover(renamed)
            answers.append(left.one_release())
    assert answers == sorted(answers, key=str)
    assert set(answers) == {"1", "2"}
