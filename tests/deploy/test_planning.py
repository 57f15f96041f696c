"""What the plan of a deployment tells, and of what stands there it makes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.deploy import Build, ImageReference
from pytest_storedog_gate.deploy.docker import deployer
from pytest_storedog_gate.deploy.docker.deployer import connected
from pytest_storedog_gate.deploy.environment import Address, Environment, Service
from pytest_storedog_gate.errors import DeploymentFailed, Locked
from tests.deploy.fake_engine import FakeEngine, container, digest_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_storedog_gate.deploy.docker.container import Container

    Planned = Callable[..., list[str]]

SERVICES = (Service("db", "r.example/db:1"), Service("shop", "r.example/shop"))
STAGING = Environment("staging", gate="shop", services=SERVICES, strategy="rename", network="net")


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch) -> Planned:
    """Plans a deployment where these containers stand."""

    def plan(
        *standing: Container, environment: Environment = STAGING, to: str = "new"
    ) -> list[str]:
        monkeypatch.setattr(FakeEngine, "standing", standing)
        monkeypatch.setattr(deployer, "Engine", FakeEngine)
        with connected(environment, build=Build(), progress=print, redact=str) as reached:
            return list(reached.foresee(ImageReference("r.example/shop", to)))

    return plan


START = "start staging-shop.next and wait until it is ready"
RESOLVE = f"resolve r.example/shop:new to {digest_of('new')}"
PULL = f"pull r.example/shop@{digest_of('new')}"
LOCK = "take the lock staging-shop.lock"
NETWORK = "create the network net"
DB = f"start staging-db with r.example/db:1@{digest_of('1')}: it was not there"


def test_the_first_deployment_takes_its_lock_with_the_pulled_image(planned: Planned) -> None:
    swap = "make it staging-shop by strategy rename, in place of nothing"
    assert planned() == [RESOLVE, PULL, LOCK, NETWORK, DB, START, swap]


@pytest.mark.parametrize("name", ["staging-shop", "staging-shop.prev", "staging-shop.next"])
def test_what_stands_there_gives_the_lock_its_image_before_anything_is_asked(
    planned: Planned, name: str
) -> None:
    steps = planned(container(name))
    assert (steps[0], steps.count(LOCK)) == (LOCK, 1)
    assert steps[-1].startswith("make it staging-shop by strategy rename, in place of ")


def test_an_image_of_its_own_does_so_too(planned: Planned) -> None:
    lockable = Environment(
        "staging", gate="shop", services=SERVICES, network="net", lock_image="r.example/cat:1"
    )
    assert planned(environment=lockable)[:2] == [LOCK, RESOLVE]
    wrong = Environment(
        "staging", gate="shop", services=SERVICES, network="net", lock_image="r.example/cat:none"
    )
    with pytest.raises(DeploymentFailed, match=r"does not know r\.example/cat:none"):
        planned(environment=wrong)


def test_what_an_earlier_run_left_is_mended_under_the_lock(planned: Planned) -> None:
    left = (container("staging-shop.prev"), container("staging-db.next"))
    assert planned(*left)[:4] == [
        LOCK,
        "remove staging-db.next, a candidate that never had traffic",
        "put staging-shop.prev back: the last deployment was not concluded",
        RESOLVE,
    ]


def test_a_lock_that_is_held_is_found_before_anything_is_asked(planned: Planned) -> None:
    with pytest.raises(Locked, match="staging is locked by another run"):
        planned(container("staging-shop.lock"), to="none")


def test_an_address_that_is_taken_is_found_after_the_services(planned: Planned) -> None:
    address = Address("127.0.0.1", 80)
    published = Environment(
        "staging", gate="shop", services=SERVICES, network="net", publish={"shop": address}
    )
    other = container("other", bindings={80: (address,)})
    with pytest.raises(DeploymentFailed, match=r"127\.0\.0\.1:80 is taken by the container other"):
        planned(other, environment=published)
    ours = container("staging-shop", bindings={80: (address,)})
    steps = planned(ours, environment=published)
    assert steps[-3:-1] == ["publish 127.0.0.1:80, now held by staging-shop", START]
