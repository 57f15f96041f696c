"""The supporting services are brought to what the file says, and left alone where they are so."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_storedog_gate.deploy import TellsLogs
from pytest_storedog_gate.deploy.environment import Address, Environment, Service
from pytest_storedog_gate.errors import DeploymentFailed
from tests.deploy.conftest import LIVE, deploy, promoted, reached, staging, told

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.deploy.fake_machine import Box, Machine

DB = "staging-db"
ADDRESS = Address("127.0.0.1", 5432)


def with_db(release: str = "1", *, publish: bool = False, **facts: Any) -> Environment:
    service = Service("db", f"r.example/db:{release}", **facts)
    return staging("recreate", services=(service,), publish={"db": ADDRESS} if publish else {})


@pytest.fixture
def db(machine: Machine) -> Box:
    """The one that stands beside a shop that is deployed."""
    for release in ("1", "2"):
        machine.push(release, name="db")
    machine.push("bad", "exits", name="db")
    deploy(machine, with_db(), machine.push("1"))
    return standing(machine)


def standing(machine: Machine) -> Box:
    box = machine.box(DB)
    assert box is not None
    return box


def test_it_is_there_before_the_candidate_starts(machine: Machine, db: Box) -> None:
    assert db.id < (machine.box(LIVE) or db).id


def test_the_logs_of_all_services_are_told(machine: Machine, db: Box) -> None:
    with promoted(machine, with_db(), machine.push("2")) as (_, live):
        assert isinstance(live, TellsLogs)
        assert list(live.logs()) == [LIVE, DB]


def test_one_that_is_as_it_should_be_is_left_alone(machine: Machine, db: Box) -> None:
    deploy(machine, with_db(), machine.push("2"))
    assert standing(machine) is db
    assert machine.answer(LIVE) == "2"


def test_all_images_are_there_before_any_service_is_touched(machine: Machine, db: Box) -> None:
    """One that cannot be pulled leaves the others as they are, wherever it stands in the file."""
    cache = Service("cache", "r.example/cache:none")
    services = (*with_db("2").services[:1], cache)
    with pytest.raises(DeploymentFailed, match=r"r\.example/cache:none"):
        deploy(machine, staging("recreate", services=services), machine.push("2"))
    assert standing(machine) is db


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"release": "2"}, "its image was 313131313131"),
        ({"environment": {"MORE": "1"}}, "its configuration had changed"),
        ({"volumes": {"data": "/data"}}, "its configuration had changed"),
        ({"port": 5432}, "its configuration had changed"),
        ({"port": 5432, "publish": True}, "its configuration had changed"),
    ],
)
def test_one_that_is_to_be_otherwise_is_replaced(
    machine: Machine, db: Box, change: dict[str, Any], reason: str
) -> None:
    said: list[str] = []
    image = machine.push("2")
    with reached(machine, with_db(**change), progress=said.append) as deployer:
        plan = deployer.foresee(image)
        (planned,) = (line for line in plan.stage() if DB in line)
        with deployer.lock() as held:
            held.fetch(image).stage().promote().conclude()
    assert planned.endswith(reason)
    assert any(line.startswith(f"started {DB} with ") and line.endswith(reason) for line in said)
    assert standing(machine) is not db
    assert machine.statuses() == {LIVE: "running", DB: "running"}
    assert machine.answer("db") == change.get("release", "1")
    deploy(machine, with_db(**change), machine.push("1"))


ASTRAY: dict[str, Callable[[Box], object]] = {
    "it was not in the network net by its names": lambda box: setattr(
        box, "spec", replace(box.spec, network="other")
    ),
    "it was not in the network net by its names, for it had none": lambda box: setattr(
        box, "spec", replace(box.spec, aliases=())
    ),
    "its HEALTHCHECK said unhealthy": lambda box: setattr(
        box, "image", replace(box.image, behaviour="unhealthy")
    ),
    f"{ADDRESS} was not bound to it": lambda box: setattr(box, "ports", {}),
    "it did not run, its status was paused": lambda box: setattr(box, "status", "paused"),
}


@pytest.mark.parametrize("why", ASTRAY)
def test_one_that_somebody_has_changed_is_put_right(machine: Machine, why: str) -> None:
    environment = with_db(publish=True, port=5432)
    machine.push("1", name="db")
    deploy(machine, environment, machine.push("1"))
    ASTRAY[why](standing(machine))
    said: list[str] = []
    with reached(machine, environment, progress=said.append) as deployer, deployer.lock() as held:
        held.fetch(deployer.resolve(machine.push("2"))).stage()
    assert any(line.endswith(why.partition(", for")[0]) for line in said)
    assert machine.answer("db") == "1"
    assert machine.answer_at(ADDRESS) == "1"


def test_one_that_has_stopped_is_started_anew(machine: Machine, db: Box) -> None:
    db.end(1)
    deploy(machine, with_db(), machine.push("2"))
    assert machine.statuses() == {LIVE: "running", DB: "running"}


def test_one_that_does_not_start_leaves_the_old_one(machine: Machine, db: Box) -> None:
    with pytest.raises(DeploymentFailed, match=r"(?s)-db is not ready: .* 3 .*-db was put back"):
        deploy(machine, with_db("bad"), machine.push("2"))
    assert standing(machine) is db
    assert machine.statuses() == {LIVE: "running", DB: "running"}
    assert (machine.answer("db"), machine.answer(LIVE)) == ("1", "1")


def test_an_image_that_cannot_be_pulled_leaves_the_old_one_running(
    machine: Machine, db: Box
) -> None:
    machine.pull_says = "unexpected EOF"
    with pytest.raises(DeploymentFailed, match="the old image was not used"):
        deploy(machine, with_db("2"), machine.push("1"))
    assert (standing(machine), db.status) == (db, "running")


def test_an_address_that_is_taken_leaves_the_old_one(machine: Machine, db: Box) -> None:
    machine.stand("other", "3", ports={1: (ADDRESS,)})
    environment = with_db(publish=True, port=5432)
    with pytest.raises(DeploymentFailed, match=f"{ADDRESS} is taken by the container other"):
        deploy(machine, environment, machine.push("2"))
    assert (standing(machine), db.status) == (db, "running")
    with reached(machine, environment) as deployer, pytest.raises(DeploymentFailed, match="taken"):
        told(deployer.foresee(machine.push("2")))
