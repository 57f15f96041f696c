"""What a service keeps in volumes is handed on, and two servers are never on one unasked."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.deploy import Answers
from pytest_storedog_gate.deploy.docker import strategies
from pytest_storedog_gate.deploy.environment import Service
from pytest_storedog_gate.errors import ConfigurationError, DeploymentFailed
from tests.deploy.conftest import LIVE, deploy, promoted, reached, staging, told

if TYPE_CHECKING:
    from pytest_storedog_gate.deploy import ImageReference
    from pytest_storedog_gate.deploy.environment import Environment
    from tests.deploy.fake_machine import Machine

DATA = ("/data",)


def volumes(machine: Machine, name: str = LIVE) -> dict[str, str]:
    """Each volume that a container has, and its folder."""
    box = machine.box(name)
    assert box is not None
    return {**box.spec.volumes, **box.anonymous}


def with_candidate(environment: Environment, candidate: str) -> Environment:
    *others, shop = environment.services
    return replace(environment, services=(*others, replace(shop, candidate=candidate)))


def push(machine: Machine, *releases: str) -> list[ImageReference]:
    return [machine.push(release, declares=DATA) for release in releases]


@pytest.mark.parametrize(
    "environment",
    [
        staging("recreate"),
        with_candidate(staging("recreate"), "off"),
        *(with_candidate(staging(name), "on") for name in strategies.names()),
    ],
    ids=["unsaid", "off", *strategies.names()],
)
def test_the_volumes_of_an_image_are_handed_on(machine: Machine, environment: Environment) -> None:
    first, second, third = push(machine, "1", "2", "3")
    deploy(machine, environment, first)
    data = volumes(machine)
    assert list(data.values()) == ["/data"]
    deploy(machine, environment, second)
    assert volumes(machine) == data
    with promoted(machine, environment, third) as (_, live):
        assert volumes(machine) == data
        live.rollback()
    assert volumes(machine) == data
    assert machine.answer(LIVE) == "2"
    assert machine.made_volumes.keys() == data.keys()
    # One that asks for none gets none.
    deploy(machine, environment, machine.push("4"))
    assert volumes(machine) == {}


def test_a_supporting_service_keeps_its_data(machine: Machine) -> None:
    def environment(release: str) -> Environment:
        return staging(services=(Service("db", f"r.example/db:{release}"),))

    for release in ("1", "2", "3"):
        machine.push(release, name="db", declares=DATA)
    deploy(machine, environment("1"), machine.push("1"))
    data = volumes(machine, "staging-db")
    for release in ("2", "3"):
        deploy(machine, environment(release), machine.push("1"))
        assert machine.answer("staging-db") == release
        assert volumes(machine, "staging-db") == data
        assert data.keys() <= machine.made_volumes.keys()


@pytest.mark.parametrize("strategy", ["rename", "edge"])
def test_no_candidate_is_in_the_volume_of_what_is_live(machine: Machine, strategy: str) -> None:
    first, second = push(machine, "1", "2")
    deploy(machine, staging(strategy), first)
    before = machine.statuses()
    says = rf"{LIVE} has data in a volume at /data, .*services\.shop\.candidate = \"on\""
    with pytest.raises(ConfigurationError, match=says):
        deploy(machine, staging(strategy), second)
    assert machine.statuses() == before


def test_where_there_is_no_candidate_the_old_one_is_stopped_first(machine: Machine) -> None:
    environment = with_candidate(staging("recreate", volumes={"data": "/data"}), "off")
    first, second = machine.push("1"), machine.push("2")
    deploy(machine, environment, first)
    together = 0

    def look(_engine: object) -> None:
        nonlocal together
        running = [box for box in machine.boxes if box.running and box.spec.volumes]
        together = max(together, len(running))

    machine.between = look
    with reached(machine, environment) as deployer:
        assert not any(".next" in line for line in told(deployer.foresee(second)))
        with deployer.lock() as held:
            staged = held.fetch(second).stage()
            assert not isinstance(staged, Answers)
            staged.promote().conclude()
    assert together == 1
    assert machine.answer(LIVE) == "2"
    with pytest.raises(DeploymentFailed, match="was put back"):
        deploy(machine, environment, machine.push("bad", "exits"))
    assert machine.answer(LIVE) == "2"
