"""Strategy edge: whoever is killed and whenever, the right version answers at the address."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.deploy import Answers
from pytest_storedog_gate.deploy.docker.traffic.sockets import peers
from pytest_storedog_gate.deploy.environment import Address
from pytest_storedog_gate.errors import DeploymentFailed, RollbackFailed
from tests.deploy.conftest import LIVE, PREVIEW, deploy, promoted, reached, recover, staging, told
from tests.deploy.fake_engine import FakeEngine, Killed
from tests.deploy.ways import ADDRESS, STALE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_storedog_gate.deploy import ImageReference
    from pytest_storedog_gate.deploy.environment import Environment
    from tests.deploy.fake_machine import Machine

    Task = Callable[[Machine], None]

ENVIRONMENT = staging("edge", publish={"shop": ADDRESS})


def refuse(machine: Machine, image: ImageReference) -> None:
    """A run whose checks before traffic do not pass."""
    with reached(machine, ENVIRONMENT) as deployer, deployer.lock() as held:
        held.recover()
        staged = held.fetch(deployer.resolve(image)).stage()
        assert isinstance(staged, Answers)
        staged.prove()
        assert machine.answer_at(PREVIEW) == "2"
        held.put_back()


def roll_back(machine: Machine, image: ImageReference) -> None:
    with promoted(machine, ENVIRONMENT, image) as (_, live):
        live.rollback()


def killed(machine: Machine, run: Callable[[Machine], None]) -> Iterator[Machine]:
    """What is left of each run that is killed after one of its calls, until one gets through."""
    for calls in count(1):
        left = machine.copy()

        def die(engine: FakeEngine, calls: int = calls) -> None:
            if engine.calls == calls:
                engine.die()

        left.between = die
        try:
            run(left)
        except Killed:
            left.between = lambda _engine: None
            left.clock.sleep(STALE)
            yield left
        else:
            assert calls > 20
            return


# What answers at the address, in its order, while a run of this kind is under way.
RUNS: dict[str, tuple[Callable[[Machine, ImageReference], None], list[str]]] = {
    "deploys": (lambda machine, image: deploy(machine, ENVIRONMENT, image), ["1", "2"]),
    "is refused": (refuse, ["1"]),
    "rolls back": (roll_back, ["1", "2", "1"]),
}


@pytest.mark.parametrize("kind", RUNS)
def test_at_no_moment_nobody_or_the_wrong_one_answers(machine: Machine, kind: str) -> None:
    """Before the next run, too, and when the engine starts anew."""
    old, new = machine.push("1"), machine.push("2")
    deploy(machine, ENVIRONMENT, old)
    run, expected = RUNS[kind]
    answers: list[str | None] = []
    for left in killed(machine, lambda machine: run(machine, new)):
        answer = left.answer_at(ADDRESS)
        answers += [answer] if answer != (answers or [None])[-1] else []
        restarted = left.copy()
        restarted.restart()
        assert restarted.answer_at(ADDRESS) == answer
        for mended in (left, restarted):
            recover(mended, ENVIRONMENT)
            found = mended.answer_at(ADDRESS)
            assert found in {"1", answer}
            assert mended.answer_at(PREVIEW) is None
            assert mended.statuses() == {LIVE: "running"}
    assert answers == expected


def test_requests_that_are_under_way_are_waited_for(machine: Machine) -> None:
    deploy(machine, ENVIRONMENT, machine.push("1"))
    old = machine.box(LIVE)
    assert old is not None
    connected = [frozenset({old.address})] * 40
    machine.connected = lambda: connected.pop() if connected else frozenset()
    new = machine.push("2")
    with promoted(machine, ENVIRONMENT, new) as (_, live):
        assert not connected
        assert live.deployment.downtime == 0.0


def test_it_takes_over_from_recreate(machine: Machine) -> None:
    """What is live has the address itself; until the swap it keeps it."""
    by_recreate = staging("recreate", publish={"shop": ADDRESS})
    deploy(machine, by_recreate, machine.push("1"))
    new = machine.push("2")
    for way in ("rolls back", "deploys"):
        with promoted(machine, ENVIRONMENT, new) as (_, live):
            live.prove()
            assert machine.answer_at(ADDRESS) == "2"
            if way == "rolls back":
                live.rollback()
                assert machine.answer_at(ADDRESS) == "1"
            else:
                live.conclude()
    assert machine.answer_at(ADDRESS) == "2"
    deploy(machine, ENVIRONMENT, machine.push("3"))
    assert machine.answer_at(ADDRESS) == "3"
    with pytest.raises(DeploymentFailed, match=rf"is taken by the container {LIVE}\.edge"):
        deploy(machine, by_recreate, new)


def test_an_edge_that_was_stopped_or_is_another_is_put_right(machine: Machine) -> None:
    deploy(machine, ENVIRONMENT, machine.push("1"))
    box = machine.box(f"{LIVE}.edge")
    assert box is not None
    box.end(137)
    recover(machine, ENVIRONMENT)
    assert machine.answer_at(ADDRESS) == "1"
    other = staging("edge", publish={"shop": Address("127.0.0.1", 82)})
    with reached(machine, other) as deployer:
        lines = told(deployer.foresee(machine.push("1")))
    assert [line for line in lines if ".edge" in line or "82" in line] == [
        "publish 127.0.0.1:82, which is free",
        f"publish 127.0.0.1:81, now held by {LIVE}.edge",
        f"start {LIVE}.edge with {machine.push('2.6', name='haproxy').pinned}",
    ]
    deploy(machine, other, machine.push("1"))
    assert machine.answer_at(ADDRESS) is None
    assert machine.answer_at(Address("127.0.0.1", 82)) == "1"


def test_an_image_that_is_no_proxy_takes_no_address_away(machine: Machine) -> None:
    deploy(machine, ENVIRONMENT, machine.push("1"))
    machine.push("3.0", "exits", name="haproxy")
    broken = replace(ENVIRONMENT, edge_image="r.example/haproxy:3.0")
    with pytest.raises(DeploymentFailed, match=r"edge\.next does not listen; it wrote starting"):
        deploy(machine, broken, machine.push("2"))
    assert machine.answer_at(ADDRESS) == "1"
    assert machine.box(f"{LIVE}.edge.next") is None


def test_killed_while_the_edge_is_replaced(machine: Machine) -> None:
    """The one thing that takes the address away, between two calls."""
    deploy(machine, ENVIRONMENT, machine.push("1"))
    new, other = machine.push("2"), replace(ENVIRONMENT, drain=60.0)
    nobody = 0
    for left in killed(machine, lambda machine: deploy(machine, other, new)):
        nobody += left.answer_at(ADDRESS) is None
        recover(left, other)
        assert left.answer_at(ADDRESS) in ("1", "2")
        assert left.box(f"{LIVE}.edge.next") is None
    assert nobody == 2  # the old one is removed, the new one renamed


@pytest.mark.parametrize("environment", [ENVIRONMENT, staging("edge")])
def test_what_is_put_back_behind_an_edge_that_is_gone_answers_nobody(
    machine: Machine, environment: Environment
) -> None:
    deploy(machine, environment, machine.push("1"))
    with promoted(machine, environment, machine.push("2")) as (_, live):
        box = machine.box(f"{LIVE}.edge")
        assert box is not None
        machine.remove(box)
        with pytest.raises(RollbackFailed, match=r"shop\.edge is gone") as refused:
            live.rollback()
        assert "take it away" not in str(refused.value)  # what is live is the right one
    deploy(machine, environment, machine.push("3"))
    assert machine.box(f"{LIVE}.edge") is not None


@pytest.mark.parametrize("environment", [ENVIRONMENT, staging("edge")])
def test_what_is_reached_by_an_edge_alone_is_not_proved_without_it(
    machine: Machine, environment: Environment
) -> None:
    with promoted(machine, environment, machine.push("1")) as (_, live):
        live.prove()
        box = machine.box(f"{LIVE}.edge")
        assert box is not None
        machine.remove(box)
        with pytest.raises(DeploymentFailed, match=r"shop\.edge is gone"):
            live.prove()
        with reached(machine, environment) as deployer:
            assert "shop.edge is gone" in str(next(deployer.watch())["shop"])


def test_the_proof_sees_where_the_edge_goes(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with promoted(machine, ENVIRONMENT, machine.push("1")) as (_, live):
        live.prove()
        monkeypatch.setattr(
            "pytest_storedog_gate.deploy.docker.traffic.edge.answered_by", lambda *_: "10.9.9.9"
        )
        with pytest.raises(DeploymentFailed, match=r"shop\.edge goes to 10\.9\.9\.9, and stag"):
            live.prove()


def test_the_kernels_table() -> None:
    table = """  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt
   4: 0310A8C0:1F90 0110A8C0:BEA8 01 00000070:00000000 01:00000014 00000000     0        0 38 3
   5: 0310A8C0:8C7E 0210A8C0:1F90 06 00000000:00000000 00:00000000 00000000     0        0 0 3
   6: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 3 1
   0: 0000000000000000FFFF00000310A8C0:1F90 0000000000000000FFFF00000710A8C0:D2AC 01 00:0 00 0 0 3
"""
    assert peers(table) == {"192.168.16.1", "192.168.16.7"}
