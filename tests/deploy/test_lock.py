"""The environment's lock: one holder, whoever comes in between, and free when it is gone."""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.deploy import Build
from pytest_storedog_gate.errors import ConfigurationError, Locked, NoVerdict, RollbackFailed
from tests.deploy.conftest import BUILD, LIVE, deploy, reached, staging, told
from tests.deploy.fake_engine import FakeEngine, Killed

if TYPE_CHECKING:
    from pytest_storedog_gate.deploy import ImageReference
    from tests.deploy.fake_machine import Machine

STAGING = staging()
LOCK = "staging.lock"


@pytest.fixture
def image(machine: Machine) -> ImageReference:
    """One that is live."""
    pushed = machine.push("1")
    deploy(machine, STAGING, pushed)
    return pushed


def take(machine: Machine, *, wait: float = 0.0, build: Build = BUILD) -> ExitStack:
    """A run that holds the lock until it is closed."""
    with ExitStack() as stack:
        deployer = stack.enter_context(reached(machine, STAGING, build))
        stack.enter_context(deployer.lock(wait=wait))
        return stack.pop_all()


def test_a_second_run_is_told_who_holds_it(machine: Machine, image: ImageReference) -> None:
    with take(machine), reached(machine, STAGING) as second:
        with pytest.raises(Locked) as caught, second.lock():
            pass
        text = str(caught.value)
        known = [f"process {os.getpid()}", "build 42", "http://drone.example/42", "since 2026"]
        assert all(part in text for part in known)
        with pytest.raises(Locked):
            told(second.foresee(image))
    assert machine.statuses() == {LIVE: "running"}


@pytest.mark.usefixtures("image")
def test_who_holds_it_may_be_unknown(machine: Machine) -> None:
    with (
        take(machine, build=Build()),
        pytest.raises(Locked, match=rf"process {os.getpid()}, since 2026"),
        take(machine),
    ):
        pass


def test_where_nothing_stands_the_pulled_image_makes_it(machine: Machine) -> None:
    first, second = machine.push("1"), machine.push("2")
    with (
        reached(machine, STAGING) as one,
        reached(machine, STAGING) as two,
        one.lock() as held,
        two.lock() as rival,
    ):
        held.fetch(first)
        with pytest.raises(Locked):
            rival.fetch(second)
        assert machine.statuses() == {LOCK: "running"}
    assert machine.statuses() == {}


@pytest.mark.usefixtures("image")
def test_it_is_waited_for(machine: Machine) -> None:
    first = take(machine)
    began = machine.clock.monotonic()

    def leave(_engine: FakeEngine) -> None:
        if machine.clock.monotonic() - began > 5:
            machine.between = lambda _engine: None
            first.close()

    machine.between = leave
    with take(machine, wait=20):
        assert 5 < machine.clock.monotonic() - began < 6
        with pytest.raises(Locked), take(machine, wait=3):
            pass
        assert 8 < machine.clock.monotonic() - began < 10


@pytest.mark.usefixtures("image")
def test_only_one_gets_it_whenever_the_other_comes(machine: Machine) -> None:
    winners = set()
    for calls in range(1, 20):
        contested = machine.copy()
        outcomes: list[str] = []
        with ExitStack() as runs:

            def attempt(name: str, at: Machine, runs: ExitStack, outcomes: list[str]) -> None:
                try:
                    runs.enter_context(take(at))
                    outcomes.append(name)
                except Locked:
                    pass

            def come(
                engine: FakeEngine,
                calls: int = calls,
                runs: ExitStack = runs,
                outcomes: list[str] = outcomes,
            ) -> None:
                if engine.calls == calls:
                    engine.machine.between = lambda _engine: None
                    attempt("second", engine.machine, runs, outcomes)

            contested.between = come
            attempt("first", contested, runs, outcomes)
            assert len(outcomes) == 1
            winners.add(outcomes[0])
            assert contested.statuses()[LOCK] == "running"
        assert contested.statuses() == {LIVE: "running"}
    assert winners == {"first", "second"}


@pytest.mark.usefixtures("image")
def test_it_is_free_when_its_holder_is_killed(machine: Machine) -> None:
    holder = FakeEngine(machine)
    lock = holder.create_lease(LOCK, machine.push("1").pinned, {})
    assert lock is not None
    holder.attach_stdin(lock)
    holder.start(lock)
    with pytest.raises(Locked), take(machine):
        pass
    with pytest.raises(Killed):
        holder.die()
    take(machine).close()


@pytest.mark.usefixtures("image")
def test_one_left_before_its_start_is_taken_over(machine: Machine) -> None:
    machine.stand(LOCK, status="created")
    with pytest.raises(Locked), take(machine):
        pass
    machine.clock.sleep(8)
    with pytest.raises(Locked), take(machine):
        pass
    with take(machine, wait=5):
        assert machine.statuses() == {LIVE: "running", LOCK: "running"}


@pytest.mark.usefixtures("image")
def test_one_that_is_paused_tells_the_way_out(machine: Machine) -> None:
    with reached(machine, STAGING) as deployer, deployer.lock() as held:
        lock = machine.box(LOCK)
        assert lock is not None
        lock.status = "paused"
        way_out = rf"unpause {LOCK}"
        with pytest.raises(Locked, match=rf"somebody has paused it.*{way_out}$"):
            take(machine)
        with pytest.raises(NoVerdict, match=rf"is paused.*{way_out}, and run again"):
            held.fetch(machine.push("2")).stage().promote()


@pytest.mark.usefixtures("image")
@pytest.mark.parametrize("status", ["exited", "dead"])
def test_one_that_has_ended_is_taken_over(machine: Machine, status: str) -> None:
    machine.stand(LOCK, status=status)
    with take(machine):
        assert machine.statuses()[LOCK] == "running"


@pytest.mark.usefixtures("image")
def test_a_name_that_stays_taken_by_what_is_leaving_is_waited_for(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = machine.clock.monotonic()
    real = FakeEngine.create_lease

    def create(self: FakeEngine, name: str, image: str, labels: dict[str, str]) -> str | None:
        leaving = machine.clock.monotonic() - began < 4
        return None if leaving else real(self, name, image, labels)

    monkeypatch.setattr(FakeEngine, "create_lease", create)
    take(machine).close()
    monkeypatch.setattr(FakeEngine, "create_lease", lambda *_: None)
    with pytest.raises(Locked, match="locked by another run"), take(machine):
        pass
    assert 9 <= machine.clock.monotonic() - began < 10


@pytest.mark.parametrize("step", ["promote", "prove", "conclude", "rollback"])
def test_one_that_was_taken_away_is_noticed(
    machine: Machine, image: ImageReference, step: str
) -> None:
    new = machine.push("2")
    with reached(machine, STAGING) as deployer, deployer.lock() as held:
        staged = held.fetch(deployer.resolve(new)).stage()
        live = staged.promote() if step != "promote" else None
        lock = machine.box(LOCK)
        assert lock is not None
        machine.remove(lock)
        before = machine.state()
        # A rollback that may not touch anything leaves it to a person.
        kind = NoVerdict if step != "rollback" else RollbackFailed
        with pytest.raises(kind, match="was lost"):
            getattr(live or staged, step)()
        assert machine.state() == before
    assert image.tag == "1"


def test_an_image_without_cat_is_no_lock(machine: Machine) -> None:
    bare = machine.push("bare", "bare")
    machine.push("cat", name="cat")
    with (
        reached(machine, STAGING) as deployer,
        deployer.lock() as held,
        pytest.raises(ConfigurationError, match=r"environments\.staging\.lock_image"),
    ):
        held.fetch(bare)
    assert machine.statuses() == {}
    with_cat = staging(lock_image="r.example/cat:cat")
    with reached(machine, with_cat) as deployer, deployer.lock() as held:
        assert machine.statuses() == {LOCK: "running"}
        held.fetch(bare)
