"""What is live as it is to be is left alone, unless it is asked for; all else is as ever."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.deploy.environment import Address
from pytest_storedog_gate.errors import DeploymentFailed, RollbackFailed
from tests.deploy.by_hand import clear
from tests.deploy.conftest import BUILD, LIVE, deploy, promoted, reached, staging

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_storedog_gate.deploy import Build, Live
    from pytest_storedog_gate.deploy.environment import Environment
    from tests.deploy.fake_machine import Box, Machine

AT = {"shop": Address("127.0.0.1", 80)}
WAYS = {
    "rename": staging("rename"),
    "recreate": staging("recreate", publish=AT),
    "edge": staging("edge", publish=AT),
}
SPARING = replace(BUILD, redeploy=False)


def standing(machine: Machine) -> Box:
    box = machine.box(LIVE)
    assert box is not None
    return box


def once_more(machine: Machine, environment: Environment, build: Build = SPARING) -> bool:
    """A run of the same image; whether it has left what is live alone, as its plan said."""
    before, image = machine.box(LIVE), machine.push("1")
    said: list[str] = []
    with reached(machine, environment, build, said.append) as deployer, deployer.lock() as held:
        (planned,) = deployer.foresee(image).promote()
        live = held.fetch(image).stage().promote()
        live.prove()
        assert live.deployment.image.digest == image.digest
        live.conclude()
    alone = standing(machine) is before
    assert planned.startswith(f"leave {LIVE} alone") == alone
    assert (f"{LIVE} runs {image.brief} already: it was left alone" in said) == alone
    assert machine.statuses() == {LIVE: "running"}
    return alone


@pytest.mark.parametrize("way", WAYS)
def test_it_is_left_alone_unless_asked(machine: Machine, way: str) -> None:
    deploy(machine, WAYS[way], machine.push("1"))
    assert once_more(machine, WAYS[way])
    assert not once_more(machine, WAYS[way], BUILD)
    assert not once_more(machine, WAYS[way], replace(SPARING, commit="another"))
    assert not once_more(machine, WAYS[way])
    assert once_more(machine, WAYS[way])


CHANGES: dict[str, Callable[[Box], object]] = {
    "restarted": lambda box: setattr(box, "restarts", 1),
    "paused": lambda box: setattr(box, "status", "paused"),
    "unhealthy": lambda box: setattr(box, "image", replace(box.image, behaviour="unhealthy")),
    "other environment": lambda box: setattr(
        box, "spec", replace(box.spec, labels={**box.spec.labels, "storedog.gate.spec": "other"})
    ),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("way", WAYS)
def test_what_is_not_as_it_is_to_be_is_replaced(machine: Machine, way: str, change: str) -> None:
    deploy(machine, WAYS[way], machine.push("1"))
    CHANGES[change](standing(machine))
    assert not once_more(machine, WAYS[way])


def test_another_strategy_replaces_it(machine: Machine) -> None:
    deploy(machine, WAYS["recreate"], machine.push("1"))
    assert not once_more(machine, WAYS["edge"])


def cleared(machine: Machine, live: Live) -> None:
    """Who clears the engine takes the previous version away."""
    clear(machine)
    with pytest.raises(RollbackFailed):
        live.rollback()


def broken(machine: Machine, live: Live) -> None:
    """The previous version does not start any more."""
    for box in machine.boxes:
        if box.name == f"{LIVE}.prev":
            box.image = replace(box.image, behaviour="exits")
    with pytest.raises(RollbackFailed):
        live.rollback()


@pytest.mark.parametrize("lost", [cleared, broken])
@pytest.mark.parametrize("way", WAYS)
def test_what_nothing_has_let_through_is_not_left_alone(
    machine: Machine, way: str, lost: Callable[[Machine, Live], None]
) -> None:
    """Its deployment is open: left alone it would neither be ended nor put back."""
    deploy(machine, WAYS[way], machine.push("0"))
    with promoted(machine, WAYS[way], machine.push("1")) as (_, live):
        lost(machine, live)
    assert not once_more(machine, WAYS[way])
    assert machine.made_volumes == {}
    assert once_more(machine, WAYS[way])


def test_it_is_proved_and_has_nothing_to_put_back(machine: Machine) -> None:
    deploy(machine, WAYS["rename"], machine.push("1"))
    with reached(machine, WAYS["rename"], SPARING) as deployer, deployer.lock() as held:
        live = held.fetch(machine.push("1")).stage().promote()
        assert live.rollback() == f"{LIVE} was live before this run and was left alone"
        standing(machine).end(1)
        with pytest.raises(DeploymentFailed, match="ended with exit code 1"):
            live.prove()
