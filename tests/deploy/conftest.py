"""An environment on a fake engine, and the way of a run to it."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

from pytest_storedog_gate.deploy import Build
from pytest_storedog_gate.deploy.docker import deployer, lease
from pytest_storedog_gate.deploy.docker import readiness as waiting
from pytest_storedog_gate.deploy.docker.services import jobs
from pytest_storedog_gate.deploy.docker.strategies import edge as by_edge
from pytest_storedog_gate.deploy.docker.strategies import recreate, rename
from pytest_storedog_gate.deploy.docker.traffic import edge, stopping
from pytest_storedog_gate.deploy.environment import Address, Environment, Service
from tests.deploy import fake_machine
from tests.deploy.fake_engine import ENDPOINT, FakeEngine
from tests.deploy.fake_machine import Machine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pytest_storedog_gate.deploy import Held, ImageReference, Live, Plan
    from pytest_storedog_gate.deploy.docker.deployer import DockerDeployer
    from pytest_storedog_gate.deploy.environment import Readiness

LIVE = "staging-shop"
PREVIEW = Address("127.0.0.1", 81)
EDGE: dict[str, Any] = {"edge_image": f"r.example/haproxy:{fake_machine.EDGE}", "preview": PREVIEW}
BUILD = Build("c0ffee", "42", "http://drone.example/42")


def redact(text: str) -> str:
    return text.replace("hunter2-secret", "********")


def staging(
    strategy: str = "rename",
    *,
    services: tuple[Service, ...] = (),
    publish: Mapping[str, Address] | None = None,
    readiness: Readiness | None = None,
    variables: Mapping[str, str] | None = None,
    volumes: Mapping[str, str] | None = None,
    lock_image: str | None = None,
    project: str = "",
) -> Environment:
    """The environment `staging`, whose service under the gate is `shop`."""
    shop = Service("shop", "r.example/shop", 8080, readiness, variables or {}, volumes or {})
    return Environment(
        "staging",
        gate="shop",
        services=(*services, shop),
        strategy=strategy,
        publish=publish or {},
        network="net",
        engine=ENDPOINT,
        lock_image=lock_image,
        project=project,
        **(EDGE if strategy == "edge" else {}),
    )


@contextmanager
def reached(
    machine: Machine,
    environment: Environment,
    build: Build = BUILD,
    progress: Callable[[str], None] = lambda _line: None,
) -> Iterator[DockerDeployer]:
    """A run's way to an environment on a machine."""
    with ExitStack() as run:
        # Real again before the run goes on: one that is killed leaves this block late or never.
        with mock.patch.object(deployer, "Engine", partial(FakeEngine, machine)):
            found = run.enter_context(deployer.connected(environment, build, progress, redact))
        yield found


def told(plan: Plan) -> list[str]:
    """All that a plan tells, in the order of a run's steps."""
    steps = (plan.lock, plan.resolve, plan.fetch, plan.stage, plan.promote)
    return [line for step in steps for line in step()]


@contextmanager
def promoted(
    machine: Machine, environment: Environment, image: ImageReference
) -> Iterator[tuple[Held, Live]]:
    """A run whose deployment is open."""
    with reached(machine, environment) as deployer, deployer.lock() as held:
        held.recover()
        yield held, held.fetch(deployer.resolve(image)).stage().promote()


def deploy(machine: Machine, environment: Environment, image: ImageReference) -> None:
    """A run from start to end."""
    with promoted(machine, environment, image) as (_, live):
        live.prove()
        live.conclude()


def recover(machine: Machine, environment: Environment) -> str | None:
    """What the next run does first."""
    with reached(machine, environment) as deployer, deployer.lock() as held:
        return held.recover()


@pytest.fixture(autouse=True)
def edge_of_the_fake(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's edge is asked, not one that listens."""
    monkeypatch.setattr(edge, "answered_by", FakeEngine.answered_by)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    """An empty one, by whose clock all wait."""
    made = Machine()
    for module in (lease, waiting, recreate, rename, by_edge, edge, stopping, jobs):
        monkeypatch.setattr(module, "time", made.clock)
    return made


@pytest.fixture
def old(machine: Machine) -> ImageReference:
    return machine.push("1")


@pytest.fixture
def new(machine: Machine) -> ImageReference:
    return machine.push("2")
