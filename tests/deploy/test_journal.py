"""The journal: who takes from it is noticed, and what cannot be put back blocks no fix."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.errors import DeploymentFailed, RollbackFailed
from tests.deploy.by_hand import clear, type_in
from tests.deploy.conftest import LIVE, deploy, promoted, reached, recover, staging
from tests.deploy.fake_engine import Killed
from tests.deploy.fake_machine import Image
from tests.deploy.ways import ADDRESS, STALE, each_way

if TYPE_CHECKING:
    from pytest_storedog_gate.deploy import ImageReference
    from pytest_storedog_gate.deploy.environment import Environment
    from tests.deploy.fake_engine import FakeEngine
    from tests.deploy.fake_machine import Machine


def breaks(machine: Machine, image: ImageReference) -> None:
    """From now on nothing of it starts."""
    machine.registry[image.pinned] = broken = Image(str(image.tag), "exits")
    for box in machine.boxes:
        if box.image.release == image.tag:
            box.image = broken


def refused(machine: Machine, environment: Environment, image: ImageReference) -> str:
    """What a run says whose checks did not pass, and that could not put the old version back."""
    with promoted(machine, environment, image) as (_, live):
        clear(machine)
        with pytest.raises(RollbackFailed) as caught:
            live.rollback()
    return str(caught.value)


@each_way
def test_an_engine_that_was_cleared_during_the_checks(
    machine: Machine, environment: Environment, old: ImageReference, new: ImageReference
) -> None:
    deploy(machine, environment, old)
    said = refused(machine, environment, new)
    assert "as `docker container prune` does; what answers was not let through" in said
    # Whatever comes next says so as well, until something was let through, or a person says so.
    bad = machine.push("bad", "exits")
    with pytest.raises(RollbackFailed, match="what answers was not let through"):
        deploy(machine.copy(), environment, bad)
    for words, then in (("take it away with", None), ("or keep it with", "2")):
        left = machine.copy()
        type_in(left, said, after=words)
        assert left.answer(LIVE) == then
        with pytest.raises(DeploymentFailed, match=r"was not touched"):
            deploy(left, environment, bad)
    deploy(machine, environment, machine.push("3"))
    assert machine.answer(LIVE) == "3"
    assert machine.made_volumes == {}


@each_way
def test_an_engine_that_was_cleared_after_a_run_was_killed(
    machine: Machine, environment: Environment, old: ImageReference, new: ImageReference
) -> None:
    """A version that nothing has let through never stays without a word."""
    bad = machine.push("bad", "exits")
    deploy(machine, environment, old)
    ends = set()
    for calls in range(1, 200):
        left = machine.copy()

        def die(engine: FakeEngine, calls: int = calls) -> None:
            if engine.calls == calls:
                engine.die()

        left.between = die
        let_through = False
        with suppress(Killed), promoted(left, environment, new) as (_, live):
            let_through = True
            live.conclude()
            break
        left.between = lambda _engine: None
        left.clock.sleep(STALE)
        clear(left)
        with pytest.raises((DeploymentFailed, RollbackFailed)) as caught:
            deploy(left, environment, bad)
        answers = left.answer(LIVE)
        ends.add((caught.type, let_through, answers))
        assert caught.type is RollbackFailed or answers == "1" or let_through
        deploy(left, environment, new)
        assert left.answer(LIVE) == "2"
    assert {(DeploymentFailed, False, "1"), (DeploymentFailed, True, "2")} <= ends
    assert RollbackFailed in {kind for kind, _, _ in ends}


def test_a_first_deployment_whose_placeholder_is_gone(
    machine: Machine, new: ImageReference
) -> None:
    with promoted(machine, staging(), new) as (_, live):
        clear(machine)
        assert live.rollback() == f"removed {LIVE}, whose first deployment was not concluded"
    assert machine.boxes == []


def test_a_volume_of_that_name_that_is_none_of_the_gates(
    machine: Machine, old: ImageReference, new: ImageReference
) -> None:
    deploy(machine, staging(), old)
    machine.made_volumes[f"{LIVE}.open"] = {}
    assert recover(machine, staging()) is None
    assert machine.answer(LIVE) == "1"
    deploy(machine, staging(), new)
    assert machine.answer(LIVE) == "2"
    assert f"{LIVE}.open" in machine.made_volumes


def test_what_somebody_else_has_ended_is_not_called_put_back(
    machine: Machine, old: ImageReference, new: ImageReference
) -> None:
    deploy(machine, staging(), old)
    with promoted(machine, staging(), new) as (_, live):
        clear(machine)
        machine.made_volumes.clear()
        with pytest.raises(RollbackFailed, match="nothing tells what was live before"):
            live.rollback()


@each_way
def test_a_previous_version_that_does_not_start_blocks_no_fix(
    machine: Machine, environment: Environment, old: ImageReference, new: ImageReference
) -> None:
    deploy(machine, environment, old)
    with promoted(machine, environment, new):
        """Broken off here, as by a kill."""
    breaks(machine, old)
    said = recover(machine.copy(), environment)
    assert said is not None
    assert "exit code 3" in said
    assert said.endswith(f"This run goes on: only a version that works can mend {LIVE}")
    bad = machine.push("bad", "exits")
    with pytest.raises(RollbackFailed, match="exit code 3"):
        deploy(machine, environment, bad)
    deploy(machine, environment, machine.push("3"))
    assert machine.answer(LIVE) == "3"
    assert machine.statuses() == {LIVE: "running"}
    assert machine.made_volumes == {}


@each_way
def test_a_version_that_restarts_again_and_again_is_replaced(
    machine: Machine, environment: Environment, old: ImageReference, new: ImageReference
) -> None:
    deploy(machine, environment, old)
    with promoted(machine, environment, new) as (_, live):
        vars(machine.box(LIVE))["status"] = "restarting"
        live.rollback()
    assert machine.answer(LIVE) == "1"
    vars(machine.box(LIVE))["status"] = "restarting"
    deploy(machine, environment, new)
    assert machine.answer(LIVE) == "2"


@each_way
def test_a_version_that_is_paused_is_replaced_and_comes_back(
    machine: Machine, environment: Environment, old: ImageReference, new: ImageReference
) -> None:
    deploy(machine, environment, old)
    vars(machine.box(LIVE))["status"] = "paused"
    with promoted(machine, environment, new) as (_, live):
        vars(machine.box(LIVE))["status"] = "paused"
        live.rollback()
    assert machine.answer(LIVE) == "1"
    assert machine.statuses() == {LIVE: "running"}


def test_what_the_gate_has_not_made_is_adopted_aloud(machine: Machine, new: ImageReference) -> None:
    said: list[str] = []
    mine = machine.stand(LIVE, "old")
    machine.networks["net"] = {}
    with reached(machine, staging(), progress=said.append) as deployer, deployer.lock() as held:
        held.fetch(deployer.resolve(new)).stage().promote().rollback()
        assert f"adopted {LIVE}, which the gate has not made, from {mine.spec.image}" in said
        assert machine.answer(LIVE) == "old"
        mine.goes_when_stopped = True
        with pytest.raises(DeploymentFailed, match=r"--rm.*(?s:.)*was not touched"):
            held.fetch(new).stage().promote()
    assert machine.answer(LIVE) == "old"


@each_way
def test_the_commands_of_exit_status_9_put_it_back(
    machine: Machine, environment: Environment, old: ImageReference, new: ImageReference
) -> None:
    deploy(machine, environment, old)
    said = []
    with promoted(machine, environment, new) as (_, live):
        lock = machine.box("staging.lock")
        assert lock is not None
        machine.remove(lock)
        with pytest.raises(RollbackFailed) as caught:
            live.rollback()
        said.append(str(caught.value))
    both = machine.copy()
    breaks(machine, old)
    with pytest.raises(RollbackFailed) as again:
        deploy(machine, environment, machine.push("bad", "exits"))
    said.append(str(again.value))
    machine.registry[old.pinned] = whole = Image("1")
    for box in machine.boxes:
        box.image = whole if box.image.release == "1" else box.image
    for left, text in zip((both, machine), said, strict=True):
        type_in(left, text, after="put it back: ")
        assert left.answer(LIVE) == "1"
        assert left.statuses() == {LIVE: "running"}
        if environment.publish:
            assert left.answer_at(ADDRESS) == "1"
        recover(left, environment)
        assert left.answer(LIVE) == "1"
        assert left.made_volumes == {}


def test_a_first_deployment_is_taken_away_by_hand(machine: Machine, new: ImageReference) -> None:
    with promoted(machine, staging(), new) as (_, live):
        lock = machine.box("staging.lock")
        assert lock is not None
        machine.remove(lock)
        with pytest.raises(RollbackFailed) as caught:
            live.rollback()
    type_in(machine, str(caught.value), after="take away what is: ")
    assert machine.boxes == []
