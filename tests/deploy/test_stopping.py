"""How the version before ends: drained as long as it answers, waited for as long as it hears."""

from __future__ import annotations

import signal
from itertools import count
from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.deploy.docker.traffic.stopping import hears
from pytest_storedog_gate.deploy.environment import Address
from tests.deploy.conftest import LIVE, deploy, promoted, staging

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.deploy.fake_machine import Machine

    Sent = Callable[[], int | None]

ADDRESS = Address("127.0.0.1", 80)
PUBLISHED = staging("recreate", publish={"shop": ADDRESS})


def once_more() -> Sent:
    """A last answer while it is drained already."""
    packets = iter([1, 1 + 1])
    return lambda: next(packets, 2)


SENT: dict[str, tuple[Callable[[], Sent], float]] = {
    "nothing": (lambda: lambda: 7, 0.5),
    "one more answer": (once_more, 0.6),
    "answer after answer": (lambda: count().__next__, 2.0),
    "what is not counted": (lambda: lambda: None, 2.0),
}


@pytest.mark.parametrize("what", SENT)
def test_it_is_drained_until_it_sends_nothing(machine: Machine, what: str) -> None:
    deploy(machine, staging("rename"), machine.push("1"))
    sent, seconds = SENT[what]
    machine.sent = sent()
    began = machine.clock.monotonic()
    with promoted(machine, staging("rename"), machine.push("2")):
        assert machine.clock.monotonic() - began == pytest.approx(seconds)
        assert machine.statuses()[f"{LIVE}.prev"] == "exited"


@pytest.mark.parametrize("what", SENT)
def test_a_rollback_drains_in_the_same_way(machine: Machine, what: str) -> None:
    deploy(machine, staging("rename"), machine.push("1"))
    with promoted(machine, staging("rename"), machine.push("2")) as (_, live):
        refused = machine.box(LIVE)
        assert refused is not None
        sent, seconds = SENT[what]
        machine.sent = sent()
        began = machine.clock.monotonic()
        live.rollback()
        assert machine.clock.monotonic() - began == pytest.approx(seconds)
    assert (refused.status, machine.statuses()) == ("exited", {LIVE: "running"})


def test_a_rollback_of_recreate_lets_it_end(machine: Machine) -> None:
    deploy(machine, PUBLISHED, machine.push("1"))
    with promoted(machine, PUBLISHED, machine.push("2")) as (_, live):
        refused = machine.box(LIVE)
        assert refused is not None
        live.rollback()
    assert refused.status == "exited"
    assert machine.answer_at(ADDRESS) == "1"


def test_what_its_strategy_has_stopped_is_not_drained(machine: Machine) -> None:
    deploy(machine, staging("recreate"), machine.push("1"))
    began = machine.clock.monotonic()
    deploy(machine, staging("recreate"), machine.push("2"))
    assert machine.clock.monotonic() == began


def test_the_first_one_has_nothing_to_drain(machine: Machine) -> None:
    began = machine.clock.monotonic()
    deploy(machine, staging("rename"), machine.push("1"))
    assert machine.clock.monotonic() == began


def mask(*numbers: int) -> str:
    return f"{sum(1 << (number - 1) for number in numbers):016x}"


NONE, ALL = mask(), "fffffffe7ffbfeff"
INIT = ["3551", NONE, ALL, "docker-init"]


@pytest.mark.parametrize(
    ("processes", "stop_signal", "heard"),
    [
        ([["7", mask(signal.SIGTERM), NONE, "app"]], "SIGTERM", True),
        ([["7", mask(signal.SIGTERM), NONE, "app"]], "TERM", True),
        ([["7", mask(signal.SIGTERM), NONE, "app"]], "15", True),
        ([["7", mask(signal.SIGTERM), NONE, "app"]], "SIGQUIT", False),
        ([["7", mask(signal.SIGQUIT), NONE, "nginx: master"]], "SIGQUIT", True),
        ([["7", mask(signal.SIGINT, signal.SIGCHLD), NONE, "app"]], "SIGTERM", False),
        ([INIT, ["7", NONE, NONE, "app"]], "SIGTERM", False),
        ([INIT, ["7", NONE, NONE, "sh"], ["8", mask(15), NONE, "app"]], "SIGTERM", True),
        ([["7", NONE, mask(signal.SIGTERM), "s6-svscan"]], "SIGTERM", True),
        ([["7", NONE, ALL, "tini"], ["8", NONE, NONE, "app"]], "SIGTERM", True),
        # What is not shown or understood may hear.
        ([], "SIGTERM", True),
        ([INIT], "SIGTERM", True),
        ([["7", NONE, NONE, "app"]], "SIGRTMIN+3", True),
        ([["7", "-", "-", "app"]], "SIGTERM", True),
        ([["7", "app"]], "SIGTERM", True),
        (None, "SIGTERM", True),
    ],
)
def test_who_hears_that_it_is_to_end(
    processes: list[list[str]] | None, stop_signal: str, heard: bool
) -> None:
    assert hears({"Titles": ["PID", "CAUGHT", "BLOCKED", "COMMAND"], "Processes": processes},
                 stop_signal) == heard  # fmt: skip
