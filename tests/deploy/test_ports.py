"""An address that is to be published is free, or it is said who has it."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.deploy.docker.readiness import reach
from pytest_storedog_gate.deploy.docker.traffic import ports
from pytest_storedog_gate.deploy.environment import Address, Readiness
from pytest_storedog_gate.deploy.reaching.engine_address import EngineAddress
from pytest_storedog_gate.errors import ConfigurationError, DeploymentFailed
from tests.deploy.conftest import LIVE, deploy, staging
from tests.deploy.fake_engine import FakeEngine

if TYPE_CHECKING:
    from tests.deploy.fake_machine import Machine

ADDRESS = Address("127.0.0.1", 80)
ANYWHERE = "0.0.0.0"  # noqa: S104


@pytest.mark.parametrize(
    ("wanted", "published", "taken"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("127.0.0.1", ANYWHERE, True),
        (ANYWHERE, "127.0.0.1", True),
        (ANYWHERE, ANYWHERE, True),
        ("127.0.0.1", "127.0.0.2", False),
        ("[::1]", "::1", True),
        ("[::1]", "::", True),
        ("[::]", "::1", True),
    ],
)
def test_addresses_that_meet(machine: Machine, wanted: str, published: str, *, taken: bool) -> None:
    machine.stand("other", ports={1: (Address(published, 80),)})
    engine = FakeEngine(machine)
    address = Address(wanted, 80)
    assert ports.require_free(engine, address, "other") == ("other" if taken else None)
    if taken:
        with pytest.raises(DeploymentFailed, match="taken by the container other: stop it, or"):
            ports.require_free(engine, address, LIVE)
    assert ports.require_free(engine, Address(wanted, 81), LIVE) is None


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
def test_a_process_of_this_machine(machine: Machine, host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host.strip("[]"), 0), family=family) as server:
        address = Address(host, server.getsockname()[1])
        here = FakeEngine(machine, EngineAddress())
        with pytest.raises(DeploymentFailed, match="taken by a process of this machine"):
            ports.require_free(here, address, LIVE)
        # Another machine's ports are its own.
        elsewhere = FakeEngine(machine)
        assert ports.require_free(elsewhere, address, LIVE) is None
    assert ports.require_free(here, address, LIVE) is None


def test_taken_before_the_swap_nothing_is_touched(machine: Machine) -> None:
    published = staging("recreate", publish={"shop": ADDRESS})
    deploy(machine, staging("recreate"), machine.push("1"))
    machine.stand("other", ports={1: (ADDRESS,)})
    with pytest.raises(DeploymentFailed, match=f"{ADDRESS} is taken by the container other"):
        deploy(machine, published, machine.push("2"))
    assert machine.answer(LIVE) == "1"
    assert machine.statuses() == {LIVE: "running", "other": "running"}


def test_taken_during_the_swap_the_previous_version_is_put_back(machine: Machine) -> None:
    deploy(machine, staging("recreate"), machine.push("1"))

    def squat(_engine: FakeEngine) -> None:
        if machine.box(f"{LIVE}.prev") is not None:
            machine.between = lambda _engine: None
            machine.stand("other", "3", ports={1: (ADDRESS,)})

    machine.between = squat
    published = staging("recreate", publish={"shop": ADDRESS})
    with pytest.raises(DeploymentFailed, match=r"(?s)port is already allocated.*was put back"):
        deploy(machine, published, machine.push("2"))
    assert machine.answer(LIVE) == "1"
    assert machine.statuses() == {LIVE: "running", "other": "running"}


ELSEWHERE = EngineAddress("tcp://192.0.2.1:2375", plain=True)


@pytest.mark.parametrize(
    ("strategy", "host", "ready", "refused"),
    [
        ("recreate", "127.0.0.1", True, "publish.shop"),
        ("recreate", "[::1]", True, "publish.shop"),
        ("recreate", "localhost", True, "publish.shop"),
        ("recreate", ANYWHERE, True, None),
        ("recreate", "192.0.2.1", True, None),
        ("recreate", "127.0.0.1", False, None),  # nobody asks there
        ("edge", ANYWHERE, True, "preview"),
    ],
)
def test_what_only_another_machine_reaches_is_not_asked_here(
    machine: Machine, strategy: str, host: str, ready: bool, refused: str | None
) -> None:
    published = {"shop": Address(host, 80)}
    readiness = Readiness() if ready else None
    there = staging(strategy, publish=published, readiness=readiness)
    ports.require_reachable(FakeEngine(machine), there)
    far = FakeEngine(machine, ELSEWHERE)
    if refused is None:
        ports.require_reachable(far, there)
    else:
        with pytest.raises(ConfigurationError, match=f"staging.{refused}: nobody but the engine's"):
            ports.require_reachable(far, there)


def test_an_answer_of_this_machine_is_not_another_ones(machine: Machine) -> None:
    """What listens at the same address here may be anything."""
    bindings = {80: (Address("127.0.0.1", 8080), Address(ANYWHERE, 8081))}
    found = FakeEngine(machine).get(machine.stand("shop", ports=bindings).id)
    assert reach(FakeEngine(machine), found, 80) == "127.0.0.1:8080"
    assert reach(FakeEngine(machine, ELSEWHERE), found, 80) == "192.0.2.1:8081"
