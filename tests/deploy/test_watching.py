"""What is seen of services that are live, look by look."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from pytest_storedog_gate.deploy.environment import Readiness, Service
from pytest_storedog_gate.errors import DeploymentFailed, NoVerdict
from tests.deploy.conftest import LIVE, deploy, promoted, reached, recover, staging
from tests.deploy.fake_engine import FakeEngine, Killed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pytest_storedog_gate.deploy import ImageReference
    from pytest_storedog_gate.errors import GateError
    from tests.conftest import Shop
    from tests.deploy.fake_machine import Box, Machine

    Looks = Iterator[Mapping[str, GateError | None]]

DB = Service("db", "r.example/db:1")
WELL = {"shop": None, "db": None}


def restart(_machine: Machine, box: Box) -> None:
    box.restarts += 1


def start_anew(machine: Machine, box: Box) -> None:
    """By hand, which an engine does not count."""
    machine.clock.sleep(1)
    box.started = machine.clock.now


def end(_machine: Machine, box: Box) -> None:
    box.end(3)


def pause(_machine: Machine, box: Box) -> None:
    box.status = "paused"


def sicken(_machine: Machine, box: Box) -> None:
    box.image = replace(box.image, behaviour="unhealthy")


def take_away(machine: Machine, box: Box) -> None:
    machine.remove(box)


def replace_it(machine: Machine, box: Box) -> None:
    machine.remove(box)
    machine.stand(box.name)


def box_of(machine: Machine, name: str) -> Box:
    found = machine.box(name)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("happens", "words"),
    [
        (restart, "has restarted"),
        (start_anew, "has restarted"),
        (end, "does not run: status exited, exit code 3; it wrote last:"),
        (pause, "does not run: status paused"),
        (sicken, "has a HEALTHCHECK that says unhealthy"),
        (take_away, "is gone from the engine: somebody else removed it"),
        (replace_it, "somebody replaced it"),
    ],
)
def test_the_first_look_after_something_happened_tells_it(
    machine: Machine,
    old: ImageReference,
    happens: Callable[[Machine, Box], None],
    words: str,
) -> None:
    machine.push("1", name="db")
    environment = staging(services=(DB,))
    for service, name in (("shop", LIVE), ("db", "staging-db")):
        with promoted(machine, environment, old), reached(machine, environment) as deployer:
            looks = deployer.watch()
            assert list(islice(looks, 3)) == [WELL] * 3
            happens(machine, box_of(machine, name))
            seen = next(looks)
            assert isinstance(seen[service], DeploymentFailed)
            assert str(seen[service]).startswith(name)
            assert words in str(seen[service])
            assert [each for each in seen.values() if each] == [seen[service]]
        machine.boxes.clear()
        machine.made_volumes.clear()


def test_a_proxy_that_ends_is_told_of_its_service(machine: Machine, old: ImageReference) -> None:
    environment = staging("edge")
    with promoted(machine, environment, old), reached(machine, environment) as deployer:
        looks = deployer.watch()
        assert next(looks) == {"shop": None}
        box_of(machine, f"{LIVE}.edge").end(137)
        assert "staging-shop.edge does not run" in str(next(looks)["shop"])


def test_three_bad_answers_in_a_row_are_no_readiness(
    machine: Machine, old: ImageReference, shop: Shop
) -> None:
    machine.next_port = urlsplit(shop.url).port or 0
    environment = staging(readiness=Readiness("/health"))
    with promoted(machine, environment, old), reached(machine, environment) as deployer:
        looks = deployer.watch()
        assert next(looks) == {"shop": None}
        seen = []
        for status in (503, 503, 200, 503, 503, 503):
            shop.answers["/health"] = (status, "{}")
            seen.append(next(looks))
        # What is not ready now has not passed, even if nobody looks any more.
        assert seen[:-1] == [{}, {}, {"shop": None}, {}, {}]
        said = str(seen[-1]["shop"])
        assert "was not ready 3 times in a row, last probe http://127.0.0.1:" in said


def test_an_engine_that_does_not_answer_says_nothing(machine: Machine, old: ImageReference) -> None:
    environment = staging()

    def break_off(_engine: FakeEngine) -> None:
        raise NoVerdict("the engine does not answer")

    with promoted(machine, environment, old), reached(machine, environment) as deployer:
        looks = deployer.watch()
        next(looks)
        machine.between = break_off
        with pytest.raises(NoVerdict):
            next(looks)
        machine.between = lambda _engine: None


def test_killed_while_it_watches_the_next_run_puts_the_previous_version_back(
    machine: Machine, old: ImageReference, new: ImageReference
) -> None:
    environment = staging()
    deploy(machine, environment, old)

    def watch() -> None:
        with promoted(machine, environment, new), reached(machine, environment) as deployer:
            for look in deployer.watch():
                assert look == {"shop": None}
                assert machine.answer(LIVE) == "2"
                machine.between = FakeEngine.die

    with pytest.raises(Killed):
        watch()
    machine.between = lambda _engine: None
    for box in [box for box in machine.boxes if box.name.endswith(".lock")]:
        machine.remove(box)  # the engine does, when the run's connection closes
    assert recover(machine, environment) is not None
    assert machine.answer(LIVE) == "1"
