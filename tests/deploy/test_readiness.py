"""When a container is ready, and how it is told why it is not."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from pytest_storedog_gate.deploy.docker import readiness
from pytest_storedog_gate.deploy.docker.names import READINESS
from pytest_storedog_gate.deploy.docker.specification import Spec
from pytest_storedog_gate.deploy.environment import Address, Readiness
from pytest_storedog_gate.errors import DeploymentFailed
from tests.deploy.conftest import deploy, promoted, redact, staging
from tests.deploy.fake_engine import FakeEngine

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Shop
    from tests.deploy.fake_machine import Box, Machine

PROBE = {"http": "/health", "status": 200, "consecutive": 2, "timeout": 3.0, "port": 8080}


def made(machine: Machine, behaviour: str = "serves", **facts: Any) -> Box:
    """A container that was not started."""
    image = machine.push("1", behaviour)
    machine.pulled.add(image.pinned)
    return machine.make("candidate", Spec(image.pinned, "net", **({"labels": {}} | facts)))


@pytest.fixture
def probed(machine: Machine, shop: Shop) -> Box:
    """A container whose readiness is asked for over HTTP: the shop answers for it."""
    machine.next_port = urlsplit(shop.url).port or 0
    return made(machine, "silent", labels={READINESS: json.dumps(PROBE)}, port=8080)


def seconds_until_ready(machine: Machine, box: Box) -> float:
    """Starts it and waits."""
    engine = FakeEngine(machine, redact=redact)
    began = machine.clock.monotonic()
    engine.start(box.id)
    assert readiness.wait(engine, box.id, "the candidate").id == box.id
    return machine.clock.monotonic() - began


@pytest.mark.parametrize(
    ("behaviour", "least", "most"),
    [("serves", 0.0, 0.0), ("slow", 2.0, 2.2), ("silent", 2.0, 2.2)],
)
def test_by_its_healthcheck_else_by_running_on(
    machine: Machine, behaviour: str, least: float, most: float
) -> None:
    assert least <= seconds_until_ready(machine, made(machine, behaviour)) <= most


def test_one_that_has_run_on_is_not_waited_for_again(machine: Machine) -> None:
    """It is proved before the checks and after them, once it has stood for a while."""
    box = made(machine, "silent")
    seconds_until_ready(machine, box)
    assert seconds_until_ready(machine, box) == 0
    box.started = machine.clock.now  # somebody has restarted it
    assert 2 <= seconds_until_ready(machine, box) <= 2.2


def test_by_enough_good_answers_in_a_row(machine: Machine, shop: Shop, probed: Box) -> None:
    answers = iter([503, 200, 404, 200, 200])

    def answer(path: str) -> None:
        shop.answers[path] = (next(answers), "{}")

    shop.before_answer = answer
    assert seconds_until_ready(machine, probed) == pytest.approx(0.4)
    assert shop.asked == {"/health": 5}


def test_by_both_where_both_are_declared(machine: Machine, shop: Shop) -> None:
    machine.next_port = urlsplit(shop.url).port or 0
    box = made(machine, "slow", labels={READINESS: json.dumps(PROBE)}, port=8080)
    assert 2 <= seconds_until_ready(machine, box) <= 2.2
    assert shop.asked == {"/health": 2}


def test_a_healthcheck_is_no_outage(machine: Machine, shop: Shop) -> None:
    """Recreate tells for how long nobody answered, however late the engine asks by itself."""
    found = staging(
        "recreate",
        readiness=Readiness("/health", timeout=9),
        publish={"shop": Address("127.0.0.1", urlsplit(shop.url).port or 0)},
    )
    environment = replace(found, services=(replace(found.services[0], candidate="off"),))
    deploy(machine, environment, machine.push("1"))
    began = machine.clock.monotonic()
    with promoted(machine, environment, machine.push("2", "slow")) as (_, live):
        assert machine.clock.monotonic() - began >= 2
        assert live.deployment.downtime == 0


def test_who_goes_on_answering_while_it_is_stopped_is_no_outage_yet(
    machine: Machine, shop: Shop, probed: Box
) -> None:
    engine, asked = FakeEngine(machine), threading.Condition()

    def note(_path: str) -> None:
        with asked:
            asked.notify_all()

    shop.answers["/health"] = (200, "{}")
    shop.before_answer = note
    engine.start(probed.id)
    began = machine.clock.monotonic()
    with readiness.LastAnswer(engine, engine.get(probed.id)) as last, asked:
        machine.clock.sleep(5)
        # The one under way was asked before; when the second after it comes, the first is noted.
        enough = shop.asked["/health"] + 3
        assert asked.wait_for(lambda: shop.asked["/health"] >= enough, 30)
        machine.clock.sleep(1)
        shop.answers["/health"] = (503, "{}")
    machine.clock.sleep(7)
    assert last.at - began in (5, 6)


@pytest.mark.parametrize(
    ("status", "says"),
    [(503, "status 503, wanted 200"), (302, "status 302, wanted 200"), (None, "ConnectionError")],
)
def test_what_was_answered_last(
    machine: Machine, shop: Shop, probed: Box, status: int | None, says: str
) -> None:
    if status is None:
        machine.next_port = 1  # where nobody listens
    else:
        shop.answers["/health"] = (status, "{}")
    with pytest.raises(DeploymentFailed) as caught:
        seconds_until_ready(machine, probed)
    text = str(caught.value)
    parts = ["the candidate is not ready: not ready within 3 s", "status running", says]
    assert all(part in text for part in [*parts, "it wrote nothing"])


def test_a_port_that_is_not_published_yet(machine: Machine) -> None:
    box = made(machine, labels={READINESS: json.dumps(PROBE)})
    with pytest.raises(DeploymentFailed, match="last probe port 8080 is not published yet"):
        seconds_until_ready(machine, box)


@pytest.mark.parametrize(
    ("behaviour", "says"),
    [
        (
            "exits",
            r"it has ended with exit code 3 \(status exited, .*\n    with password \*{8}$",
        ),
        ("unhealthy", "its HEALTHCHECK says unhealthy .*; it wrote nothing"),
    ],
)
def test_what_cannot_become_ready_fails_at_once(
    machine: Machine, behaviour: str, says: str
) -> None:
    began = machine.clock.monotonic()
    box = made(machine, behaviour, environment={"PASSWORD": "hunter2-secret"})
    with pytest.raises(DeploymentFailed, match=f"(?s){says}"):
        seconds_until_ready(machine, box)
    assert machine.clock.monotonic() == began


def test_a_healthcheck_that_never_ends_is_not_waited_for_longer(machine: Machine) -> None:
    with pytest.raises(DeploymentFailed, match=r"not ready within 60 s \(.*health starting"):
        seconds_until_ready(machine, made(machine, "never-ready"))


def happens_after(machine: Machine, seconds: float, change: Callable[[], object]) -> None:
    due = machine.clock.monotonic() + seconds

    def between(_engine: FakeEngine) -> None:
        if machine.clock.monotonic() >= due:
            machine.between = lambda _engine: None
            change()

    machine.between = between


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({"status": "restarting", "exit_code": 7}, "restarts again and again, with exit code 7"),
        ({"restarts": 1}, "restarts again and again, with exit code 0"),
        ({"status": "dead"}, "it has ended with exit code 0"),
    ],
)
def test_what_happens_to_it_meanwhile(
    machine: Machine, facts: dict[str, object], says: str
) -> None:
    box = made(machine, "slow")
    happens_after(machine, 1, lambda: vars(box).update(facts))
    with pytest.raises(DeploymentFailed, match=says):
        seconds_until_ready(machine, box)


def test_it_may_be_removed_meanwhile(machine: Machine) -> None:
    box = made(machine, "slow")
    happens_after(machine, 1, lambda: machine.remove(box))
    with pytest.raises(DeploymentFailed, match="is gone from the engine"):
        seconds_until_ready(machine, box)
