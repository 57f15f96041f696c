"""What the plan of a deployment tells, and of what stands there it makes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.deploy import ImageReference
from pytest_storedog_gate.deploy.environment import Address, Environment, Service
from pytest_storedog_gate.errors import DeploymentFailed, Locked
from tests.deploy.conftest import reached, staging, told
from tests.deploy.fake_machine import digest_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.deploy.fake_machine import Machine

    Planned = Callable[..., list[str]]

DB = Service("db", "r.example/db:1")
STAGING = staging(services=(DB,))


@pytest.fixture
def planned(machine: Machine) -> Planned:
    """Plans a deployment where containers of these names stand; nothing is changed by it."""
    machine.push("new")
    machine.push("1", name="db")
    machine.push("1", name="cat")

    def plan(*standing: str, environment: Environment = STAGING, to: str = "new") -> list[str]:
        for name in standing:
            machine.stand(name)
        before = machine.state()
        with reached(machine, environment) as deployer:
            lines = told(deployer.foresee(ImageReference("r.example/shop", to)))
        assert machine.state() == before
        return lines

    return plan


START = "start staging-shop.next and wait until it is ready"
RESOLVE = f"resolve r.example/shop:new to {digest_of('new')}"
PULL = f"pull r.example/shop@{digest_of('new')}"
LOCK = "take the lock staging.lock"
NETWORK = "create the network net"
START_DB = f"start staging-db with r.example/db:1@{digest_of('1')}: it was not there"


def test_the_first_deployment_takes_its_lock_with_the_pulled_image(planned: Planned) -> None:
    swap = "make it staging-shop by strategy rename, in place of nothing"
    assert planned() == [RESOLVE, PULL, LOCK, NETWORK, START_DB, START, swap]


@pytest.mark.parametrize("name", ["staging-shop", "staging-shop.prev", "staging-shop.next"])
def test_what_stands_there_gives_the_lock_its_image_before_anything_is_asked(
    planned: Planned, name: str
) -> None:
    steps = planned(name)
    assert (steps[0], steps.count(LOCK)) == (LOCK, 1)
    assert steps[-1].startswith("make it staging-shop by strategy rename, in place of ")


def test_an_image_of_its_own_does_so_too(planned: Planned) -> None:
    lockable = staging(services=(DB,), lock_image="r.example/cat:1")
    assert planned(environment=lockable)[:2] == [LOCK, RESOLVE]
    wrong = staging(services=(DB,), lock_image="r.example/cat:none")
    with pytest.raises(DeploymentFailed, match=r"does not know r\.example/cat:none"):
        planned(environment=wrong)


def test_what_an_earlier_run_left_is_mended_under_the_lock(planned: Planned) -> None:
    assert planned("staging-shop.prev", "staging-db.next")[:4] == [
        LOCK,
        "remove staging-db.next, a candidate that never had traffic",
        "put staging-shop.prev back: the last deployment was not concluded",
        RESOLVE,
    ]


def test_a_lock_that_is_held_is_found_before_anything_is_asked(planned: Planned) -> None:
    with pytest.raises(Locked, match="staging is locked by another run"):
        planned("staging.lock", to="none")


def test_an_address_that_is_taken_is_found_after_the_services(
    machine: Machine, planned: Planned
) -> None:
    address = Address("127.0.0.1", 80)
    published = staging("recreate", services=(DB,), publish={"shop": address})
    other = machine.stand("other", ports={80: (address,)})
    with pytest.raises(DeploymentFailed, match=r"127\.0\.0\.1:80 is taken by the container other"):
        planned(environment=published)
    machine.remove(other)
    machine.stand("staging-shop", ports={80: (address,)})
    steps = planned(environment=published)
    assert steps[-3:-1] == ["publish 127.0.0.1:80, now held by staging-shop", START]
