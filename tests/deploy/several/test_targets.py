"""What several targets do together, and what is said of each."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_storedog_gate.deploy import Entry, Watches, several
from pytest_storedog_gate.deploy.docker.deployer import DockerDeployer, HeldEnvironment
from pytest_storedog_gate.deploy.docker.deployment import LiveDeployment
from pytest_storedog_gate.deploy.runtime import Job
from pytest_storedog_gate.errors import (
    ConfigurationError,
    DeploymentFailed,
    Locked,
    NoVerdict,
    RollbackFailed,
)
from tests.deploy.conftest import LIVE, reached, staging, told
from tests.deploy.several.fleet import Fleet, at_targets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_storedog_gate.deploy import ImageReference
    from pytest_storedog_gate.deploy.environment import Environment
    from tests.deploy.fake_machine import Machine

HERE = at_targets(staging())
# The second one is of a project's own deployer, which may raise anything.
ERRORS = (RollbackFailed("a person is needed"), OSError("a person is needed"))


@pytest.fixture
def fleet(machine: Machine, old: ImageReference) -> Fleet:
    """Release 1 is live at both."""
    made = Fleet(machine)
    made.deploy(HERE, old)
    made.said.clear()
    return made


@pytest.fixture
def new(fleet: Fleet) -> ImageReference:
    return fleet.push("2")


def failing_at(
    monkeypatch: pytest.MonkeyPatch, kind: type, method: str, target: str, error: Exception
) -> Callable[[], None]:
    """Has the call fail at one of the targets; gives what ends that."""
    real = getattr(kind, method)

    def fails(self: Any, *args: Any) -> Any:
        site = getattr(self, "site", self)
        if site.environment.engine == HERE.each[target].engine:
            raise error
        return real(self, *args)

    monkeypatch.setattr(kind, method, fails)
    return lambda: monkeypatch.setattr(kind, method, real)


def test_each_line_names_its_target(fleet: Fleet, new: ImageReference) -> None:
    fleet.deploy(HERE, new)
    assert fleet.one_release() == "2"
    for target in ("us", "eu"):
        lines = [line for line in fleet.said if line.startswith(f"{target}: {LIVE} now runs")]
        assert len(lines) == 1
    assert all(line.startswith(("us: ", "eu: ")) for line in fleet.said)


def test_the_plan_names_them_and_changes_nothing(fleet: Fleet, new: ImageReference) -> None:
    before = fleet.state()
    with fleet.reached(HERE) as deployer:
        plan = deployer.foresee(replace(new, digest=None))
        lines = told(plan)
        assert plan.image == new
    for target in ("us", "eu"):
        assert f"{target}: make it {LIVE} by strategy rename, in place of" in "\n".join(lines)
    assert all(line.startswith(("us: ", "eu: ")) for line in lines)
    assert fleet.state() == before


def test_the_deployment_tells_of_each(fleet: Fleet, new: ImageReference) -> None:
    with fleet.promoted(HERE, new) as (_, live):
        done = live.deployment
        assert list(done.targets) == ["us", "eu"]
        assert {each.image.digest for each in done.targets.values()} == {new.digest}
        assert len({each.deploy_id for each in done.targets.values()}) == 2
        assert done.deploy_id == done.targets["us"].deploy_id
        live.conclude()


@pytest.mark.parametrize("behaviour", ["exits", "never-ready"])
def test_no_target_has_traffic_before_all_candidates_are_ready(
    fleet: Fleet, behaviour: str
) -> None:
    bad = fleet.push("3")
    fleet.machines["eu"].push("3", behaviour)
    with pytest.raises(DeploymentFailed, match=r"^eu: ") as caught, fleet.promoted(HERE, bad):
        pass
    assert "us: removed staging-shop.next, a candidate that never had traffic" in str(caught.value)
    assert fleet.one_release() == "1"
    assert not [line for line in fleet.said if "now runs" in line]


def test_what_fails_at_the_last_promotion_is_put_back_everywhere(
    fleet: Fleet, new: ImageReference
) -> None:
    with fleet.reached(HERE) as deployer, deployer.lock() as held:
        staged = held.fetch(new).stage()
        eu = fleet.machines["eu"]
        candidate = eu.box(f"{LIVE}.next")
        assert candidate is not None
        eu.remove(candidate)
        with pytest.raises(DeploymentFailed, match=r"^eu: ") as caught:
            staged.promote()
    assert "us: put r.example/shop@" in str(caught.value)
    assert fleet.one_release() == "1"


@pytest.mark.parametrize("error", ERRORS, ids=repr)
def test_a_rollback_that_fails_at_one_names_it_and_goes_on(
    fleet: Fleet, new: ImageReference, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    failing_at(monkeypatch, LiveDeployment, "rollback", "eu", error)
    with (
        fleet.promoted(HERE, new) as (_, live),
        pytest.raises(RollbackFailed, match=r"^eu: .*a person is needed.*\nus: put r.example"),
    ):
        live.rollback()
    assert fleet.machines["us"].answer(LIVE) == "1"


def test_a_target_that_is_not_reached_is_named_and_nothing_is_touched(
    fleet: Fleet, new: ImageReference
) -> None:
    with fleet.promoted(HERE, new):
        pass
    before = fleet.state()
    with (
        pytest.raises(NoVerdict, match=r"^eu: the engine does not answer"),
        several.connected(HERE, _reach_us_alone(fleet), fleet.said.append) as deployer,
        deployer.lock(),
    ):
        pass
    assert fleet.state() == before
    fleet.recover(HERE)
    assert fleet.one_release() == "1"


def test_one_that_ends_while_it_is_asked_leaves_the_others_alone(
    fleet: Fleet, new: ImageReference, monkeypatch: pytest.MonkeyPatch
) -> None:
    with fleet.promoted(HERE, new):
        pass
    before = fleet.state()
    failing_at(monkeypatch, HeldEnvironment, "agreed", "eu", NoVerdict("it does not answer"))
    with pytest.raises(NoVerdict, match=r"^eu: it does not answer"):
        fleet.recover(HERE)
    assert fleet.state() == before


def test_the_locks_are_taken_in_one_order_and_given_back(fleet: Fleet, new: ImageReference) -> None:
    other = replace(HERE, targets=dict(reversed([*HERE.targets.items()])))
    with fleet.reached(HERE) as first, first.lock():
        with (
            fleet.reached(other) as second,
            pytest.raises(Locked, match=r"^eu: staging is locked by"),
            second.lock(),
        ):
            pass
        # The first by name was not there to be had, so that the other one was not touched.
        assert [m.box("staging.lock") is not None for m in fleet.machines.values()] == [True, True]
    assert all(machine.box("staging.lock") is None for machine in fleet.machines.values())
    fleet.deploy(other, new)


def test_a_lock_that_was_lost_while_the_others_were_waited_for(
    fleet: Fleet, new: ImageReference
) -> None:
    with fleet.promoted(HERE, new):
        pass
    with fleet.reached(HERE) as deployer, deployer.lock() as held:
        eu = fleet.machines["eu"]
        lock = eu.box("staging.lock")
        assert lock is not None
        eu.remove(lock)
        before = fleet.state()
        with pytest.raises(NoVerdict, match=r"^eu: the lock staging\.lock was lost"):
            held.recover()
        assert fleet.state() == before
    fleet.recover(HERE)


def test_all_have_the_same_digest(fleet: Fleet, new: ImageReference) -> None:
    tag = replace(new, digest=None)
    with fleet.reached(HERE) as deployer:
        assert deployer.resolve(tag) == new
        fleet.machines["eu"].registry.pop(new.pinned)
        with pytest.raises(DeploymentFailed, match=r"^eu: "):
            deployer.resolve(tag)


@pytest.mark.parametrize(("jobs", "ran"), [("first", [["2"], []]), ("each", [["2"], ["2"]])])
def test_a_job_runs_once_unless_each_target_is_to_have_it(
    fleet: Fleet, new: ImageReference, jobs: str, ran: list[list[str]]
) -> None:
    (shop,) = HERE.services
    shop = replace(shop, before_swap=Job(("0",)))
    fleet.deploy(replace(HERE, services=(shop,), jobs=jobs), new)
    assert [machine.ran for machine in fleet.machines.values()] == ran


def test_what_cannot_be_agreed_on_is_put_back_everywhere(
    fleet: Fleet, new: ImageReference, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing_at(monkeypatch, HeldEnvironment, "agree", "eu", NoVerdict("the lock was lost"))
    with fleet.promoted(HERE, new) as (_, live):
        with pytest.raises(NoVerdict, match=r"^eu: the lock was lost"):
            live.conclude()
        live.rollback()
    assert fleet.one_release() == "1"
    assert fleet.recover(HERE) is None
    assert fleet.one_release() == "1"


def test_a_deployer_that_breaks_keeps_none_of_the_others_from_concluding(
    fleet: Fleet, new: ImageReference, monkeypatch: pytest.MonkeyPatch
) -> None:
    mend = failing_at(monkeypatch, LiveDeployment, "conclude", "us", OSError("gone"))
    with fleet.promoted(HERE, new) as (_, live):
        with pytest.raises(NoVerdict, match=r"^us: its deployer broke \(OSError: gone\): see what"):
            live.conclude()
        live.rollback()
    mend()
    assert fleet.recover(HERE) == (
        f"us: kept what is live as {LIVE}, on which all targets had agreed"
    )
    assert fleet.one_release() == "2"


def test_what_all_have_agreed_on_stays_and_the_next_run_concludes_it(
    fleet: Fleet, new: ImageReference, monkeypatch: pytest.MonkeyPatch
) -> None:
    mend = failing_at(monkeypatch, LiveDeployment, "conclude", "eu", NoVerdict("unreachable"))
    with fleet.promoted(HERE, new) as (_, live):
        with pytest.raises(NoVerdict, match=r"^eu: unreachable\nnothing was put back"):
            live.conclude()
        assert "the next run concludes" in live.rollback()
    assert fleet.answers() == {"2"}
    mend()
    assert fleet.recover(HERE) == (
        f"eu: kept what is live as {LIVE}, on which all targets had agreed"
    )
    assert fleet.one_release() == "2"


def test_each_remembers_its_own_and_all_go_back_together(
    fleet: Fleet, old: ImageReference, new: ImageReference
) -> None:
    for image in (old, new):
        with fleet.promoted(HERE, image) as (held, live):
            live.conclude()
            held.remember(Entry(image, datetime.now(UTC), "open", live.deployment.deploy_id))
    with fleet.reached(HERE) as deployer:
        history = deployer.history()
        assert history.live is not None
        assert history.live.image == new
        assert [each.live and each.live.state for each in history.targets.values()] == ["open"] * 2
        version = history.before_live()
        with deployer.lock() as held:
            held.recover()
            held.go_back(version).stage().promote().conclude()
    assert fleet.one_release() == "1"


def test_a_new_first_target_does_not_hide_what_the_others_remember(
    machine: Machine, old: ImageReference
) -> None:
    fleet, here = Fleet(machine, 3), at_targets(staging(), 3)
    new = fleet.push("2")
    (_, *known), newest = here.targets, fleet.push("3")

    def deploy(environment: Environment, image: ImageReference) -> None:
        with fleet.promoted(environment, image) as (held, live):
            live.conclude()
            held.remember(Entry(image, datetime.now(UTC), "open", live.deployment.deploy_id))

    before = replace(here, targets={target: here.targets[target] for target in known})
    deploy(before, old)
    deploy(before, new)
    with fleet.reached(here) as deployer:
        assert deployer.history().named(str(old.digest)).image == old
    deploy(here, newest)
    with fleet.reached(here) as deployer:
        assert deployer.history().before_live().image == new


def test_unlike_targets_have_no_version_before(fleet: Fleet, old: ImageReference) -> None:
    with reached(fleet.machines["eu"], HERE.each["eu"]) as alone, alone.lock() as held:
        held.recover()
        held.fetch(fleet.push("3")).stage().promote().conclude()
    with (
        fleet.reached(HERE) as deployer,
        pytest.raises(ConfigurationError, match=r"us runs .* eu "),
    ):
        deployer.history().before_live()


def test_what_goes_wrong_at_one_is_seen(fleet: Fleet) -> None:
    with fleet.reached(HERE) as deployer:
        assert isinstance(deployer, Watches)
        looks = deployer.watch()
        assert next(looks) == {"shop": None}
        eu = fleet.machines["eu"]
        live = eu.box(LIVE)
        assert live is not None
        eu.remove(live)
        (error,) = next(looks).values()
        assert isinstance(error, DeploymentFailed)
        assert str(error).startswith("eu: ")
        looks.close()  # type: ignore[attr-defined]


def test_a_lock_that_could_only_be_taken_later_is_refused(machine: Machine) -> None:
    fleet, here = Fleet(machine), replace(HERE, lock_image=None)
    image = fleet.push("1")
    with pytest.raises(ConfigurationError, match=r"^us: .* name a `lock_image`"):
        fleet.deploy(here, image)
    assert all(machine.statuses() == {} for machine in fleet.machines.values())


def test_a_deployer_that_cannot_agree_is_no_target() -> None:
    simple = SimpleNamespace(lock=lambda **_: nullcontext(SimpleNamespace()))
    with (
        several.connected(HERE, lambda **_: nullcontext(simple), print) as deployer,
        pytest.raises(ConfigurationError, match=r"^us: its deployer cannot agree"),
        deployer.lock(),
    ):
        pass


def _reach_us_alone(fleet: Fleet) -> Any:
    @contextmanager
    def reach(environment: Any, progress: Callable[[str], None]) -> Iterator[DockerDeployer]:
        if environment.engine != HERE.each["us"].engine:
            raise NoVerdict("the engine does not answer")
        with reached(fleet.machines["us"], environment, progress=progress) as deployer:
            yield deployer

    return reach
