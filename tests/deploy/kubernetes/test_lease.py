"""The lock: who holds it, for how long, and what a run does that has lost it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from pytest_storedog_gate.deploy import Build
from pytest_storedog_gate.deploy.kubernetes.api import silence
from pytest_storedog_gate.errors import Locked, NoVerdict, RollbackFailed
from pytest_storedog_gate.pytest_side.conformance import Run, deploy

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.deploy.kubernetes.places import OnTheFake

NAME = "shop.storedog-gate"


def lease(place: OnTheFake) -> dict[str, Any]:
    found: dict[str, Any] = place.cluster.get("leases", NAME)
    return found


def until(raises: Callable[[], object]) -> None:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        raises()


def test_who_holds_it_is_told_as_soon_as_they_live(place: OnTheFake) -> None:
    build = Build("c0ffee", "42", "http://drone.example/42")
    with place.reach(build=build) as first, first.lock():
        began = time.monotonic()
        with (
            place.reach() as second,
            pytest.raises(
                Locked,
                match=r"staging is locked by .*, process .*, build 42, http://drone.example/42",
            ),
            second.lock(),
        ):
            pass
        assert time.monotonic() - began < 1.9  # it lasts for 2 s without a sign of life


def test_it_is_free_at_once_when_its_run_has_ended(place: OnTheFake) -> None:
    for _ in range(2):
        began = time.monotonic()
        with place.reach() as deployer, deployer.lock():
            assert time.monotonic() - began < 1
        assert not lease(place)["spec"].get("holderIdentity")


def test_a_dead_holders_is_taken_after_what_we_have_waited_ourselves(place: OnTheFake) -> None:
    """Neither its clock counts nor ours: renewTime lies in the future, or long ago."""
    for when in ("2099-01-01T00:00:00.000000Z", "2001-01-01T00:00:00.000000Z"):
        spec = {"holderIdentity": "dead", "leaseDurationSeconds": 1, "renewTime": when}
        place.cluster.apply("leases", {"metadata": {"name": NAME}, "spec": spec})
        began = time.monotonic()
        with place.reach() as deployer, deployer.lock():
            assert time.monotonic() - began > 1


@pytest.mark.parametrize("seconds", [1, 0, -5])
def test_it_lasts_as_long_as_its_holder_trusts_it_whatever_it_says(
    place: OnTheFake, seconds: int
) -> None:
    """As edited by hand: a holder that lives changes it every few seconds, and not at once."""
    spec = {"holderIdentity": "dead", "leaseDurationSeconds": seconds}
    place.cluster.apply("leases", {"metadata": {"name": NAME}, "spec": spec})
    began = time.monotonic()
    with place.reach() as deployer, deployer.lock():
        assert time.monotonic() - began > 2


def test_a_lease_that_says_it_lasts_for_years_keeps_nobody_waiting(place: OnTheFake) -> None:
    spec = {"holderIdentity": "dead", "leaseDurationSeconds": 2**31 - 1}
    place.cluster.apply("leases", {"metadata": {"name": NAME}, "spec": spec})
    with place.reach() as deployer, pytest.raises(Locked, match="locked by dead"), deployer.lock():
        pass


def test_one_that_was_deleted_meanwhile_is_lost(place: OnTheFake) -> None:
    """Others may have held it since, and a renewal must not make it anew."""
    with place.reach() as deployer, deployer.lock() as held:
        with place.cluster._lock:
            del place.cluster.things["leases", NAME]
        with pytest.raises(NoVerdict, match=f"the lock {NAME} was lost"):
            until(held.fetch(place.new).stage)
    assert ("leases", NAME) not in place.cluster.things


def test_a_run_that_has_lost_it_touches_nothing_more(place: OnTheFake) -> None:
    deploy(place, place.old)
    with place.reach() as deployer, deployer.lock() as held:
        live = held.fetch(place.new).stage().promote()
        taken = {"spec": {"holderIdentity": "another run"}}
        place.cluster.change("leases", NAME, taken)
        with pytest.raises(NoVerdict, match=f"the lock {NAME} was lost"):
            until(live.prove)
        place.cluster.calls.clear()
        with pytest.raises(NoVerdict, match="was lost"):
            live.conclude()
        with pytest.raises(RollbackFailed, match="was lost"):
            live.rollback()
        with pytest.raises(NoVerdict, match="was lost"):
            held.fetch(place.old).stage()
    assert {call.split()[0] for call in place.cluster.calls} <= {"GET"}
    assert lease(place)["spec"]["holderIdentity"] == "another run"


def test_one_that_cannot_be_renewed_is_lost_in_the_end(
    place: OnTheFake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(silence, "PATIENCE", 0.5)
    with place.reach() as deployer, deployer.lock() as held:
        place.cluster.answers = lambda method, plural, _: (
            (500, "down") if (method, plural) == ("PUT", "leases") else None
        )
        with pytest.raises(NoVerdict, match="was lost"):
            until(held.fetch(place.new).stage)
        place.cluster.answers = lambda *_: None


def test_a_renewal_whose_answer_was_lost_is_ours(place: OnTheFake) -> None:
    with place.reach() as deployer, deployer.lock() as held:
        lease(place)["metadata"]["resourceVersion"] += "0"
        time.sleep(2)  # longer than a lock is trusted that was not renewed
        held.fetch(place.new).stage()


def test_the_history_stays_with_it(place: OnTheFake) -> None:
    deploy(place, place.old)
    assert lease(place)["metadata"]["name"] == NAME
    with Run(place, place.new).until("lock") as run:
        assert run.mended is None
