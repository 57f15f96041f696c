"""What answers is what was deployed, or it is said what answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.deploy.docker.names import DEPLOY_ID, DIGEST
from pytest_storedog_gate.deploy.environment import Address
from pytest_storedog_gate.errors import DeploymentFailed, RollbackFailed
from tests.deploy.conftest import LIVE, deploy, promoted, reached, staging, told
from tests.deploy.fake_machine import digest_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.deploy.fake_machine import Box, Machine

ADDRESS = Address("127.0.0.1", 80)
PUBLISHED = staging("recreate", publish={"shop": ADDRESS})


def labelled(box: Box, label: str, value: str) -> None:
    box.spec = replace(box.spec, labels={**box.spec.labels, label: value})


def replaced(machine: Machine, box: Box) -> None:
    """Another container of the same image, under the same name."""
    machine.remove(box)
    again = machine.make(LIVE, box.spec)
    again.status, again.started, again.ports = "running", box.started, box.ports


def beside(machine: Machine, **spec: object) -> None:
    other = machine.stand("impostor", "1")
    other.spec = replace(other.spec, **spec)  # type: ignore[arg-type]


def restarted(_machine: Machine, box: Box) -> None:
    assert box.started is not None
    box.started += timedelta(seconds=1)


CHANGES: dict[str, Callable[[Machine, Box], object]] = {
    "start: expected": restarted,
    "restarts: expected 0, found 1": lambda _, box: vars(box).update(restarts=1),
    "container: expected": replaced,
    "image: expected id": lambda _, box: setattr(
        box, "spec", replace(box.spec, image=f"r.example/shop@{digest_of('1')}")
    ),
    "digest label: expected": lambda _, box: labelled(box, DIGEST, digest_of("1")),
    "deploy-id label: expected": lambda _, box: labelled(box, DEPLOY_ID, "another"),
    "is not bound to it": lambda _, box: vars(box).update(ports={}),
    "ended with exit code": lambda _, box: box.end(1),
    "impostor answers to shop too": lambda machine, _: beside(machine, aliases=("shop",)),
    "is gone": lambda machine, box: machine.remove(box),
    "is gone from the engine": lambda machine, _: machine.pulled.clear(),
}


@pytest.mark.parametrize("says", CHANGES)
def test_whatever_else_answers_is_told(machine: Machine, says: str) -> None:
    machine.push("1")
    with promoted(machine, PUBLISHED, machine.push("2")) as (_, live):
        live.prove()
        box = machine.box(LIVE)
        assert box is not None
        CHANGES[says](machine, box)
        with pytest.raises(DeploymentFailed, match=says):
            live.prove()


@pytest.mark.parametrize("spec", [{"network": "other", "aliases": ("shop",)}, {"aliases": ("it",)}])
def test_what_answers_elsewhere_is_none_of_it(machine: Machine, spec: dict[str, object]) -> None:
    with promoted(machine, PUBLISHED, machine.push("2")) as (_, live):
        beside(machine, **spec)
        live.prove()


def test_who_answers_too_is_noticed_before_anything_is_touched(machine: Machine) -> None:
    deploy(machine, PUBLISHED, machine.push("1"))
    beside(machine, aliases=("shop",))
    new = machine.push("2")
    says = r"impostor answers to shop too: stop it"
    with reached(machine, PUBLISHED) as deployer, pytest.raises(DeploymentFailed, match=says):
        told(deployer.foresee(new))
    with pytest.raises(DeploymentFailed, match=rf"(?s){says}.*{LIVE} was not touched"):
        deploy(machine, PUBLISHED, new)
    assert machine.answer_at(ADDRESS) == "1"


def test_what_is_put_back_is_proved_too(machine: Machine) -> None:
    deploy(machine, PUBLISHED, machine.push("1"))
    with promoted(machine, PUBLISHED, machine.push("2")) as (_, live):
        beside(machine, aliases=("shop",))
        with pytest.raises(RollbackFailed, match=r"(?s)impostor.*A person is needed.*docker -H "):
            live.rollback()
    assert machine.answer_at(ADDRESS) == "1"


def test_a_previous_version_that_does_not_start_again(machine: Machine) -> None:
    environment = staging(volumes={"data": "/data"})
    deploy(machine, environment, machine.push("1", "starts-once"))
    with (
        promoted(machine, environment, machine.push("2")) as (_, live),
        pytest.raises(RollbackFailed, match=r"(?s)exit code 4.*A person is needed"),
    ):
        live.rollback()
    # The new version goes on answering: better than nobody.
    assert machine.answer(LIVE) == "2"
