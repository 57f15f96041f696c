"""A cluster that is silent for longer than a lock is trusted, and answers then."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.deploy.environment import Address
from pytest_storedog_gate.deploy.kubernetes import lease
from pytest_storedog_gate.deploy.kubernetes.api import silence
from pytest_storedog_gate.errors import NoVerdict, RollbackFailed
from pytest_storedog_gate.pytest_side.conformance import Run, deploy
from tests.deploy.kubernetes.odd_calls import odd_at
from tests.deploy.roads import road

if TYPE_CHECKING:
    from tests.deploy.kubernetes.places import OnTheFake

NAME = "shop.storedog-gate"
SILENT = 0.8  # s; twice as long as a lock is trusted here
BY_NAME = Address("shop-preview.n", 80)


@pytest.fixture
def place(place: OnTheFake, monkeypatch: pytest.MonkeyPatch) -> OnTheFake:
    """Release 1 is live."""
    monkeypatch.setattr(lease, "_RENEWED", 0.1)
    monkeypatch.setattr(lease, "_TRUSTED", 0.4)
    deploy(place, place.old)
    return place


@pytest.mark.parametrize(
    ("which", "previews", "done"),
    [("deploy", True, True), ("deploy", True, False), ("rollback", False, True)],
)
def test_a_run_outlasts_it_at_each_call(
    place: OnTheFake, which: str, previews: bool, done: bool
) -> None:
    """But for those that make something: these are not made twice, and end without a verdict."""
    environment = place.environment(BY_NAME if previews else None)
    stays = (place.new if which == "deploy" else place.old).digest
    with odd_at(place, 0) as calls:
        road(place, which, environment)()
    made = 0
    for number in calls.each():
        deploy(place, place.old)
        with odd_at(place, number, done=done, silent=SILENT):
            try:
                road(place, which, environment)()
                assert place.answer() == stays
            except NoVerdict as error:
                assert " to create " in str(error)  # noqa: PT017
                assert place.answer() == place.old.digest
                made += 1
    assert len(calls.each()) > 5
    assert made <= (2 if previews else 0)


def test_who_took_the_lock_meanwhile_keeps_it(place: OnTheFake) -> None:
    with place.reach() as deployer, deployer.lock() as held:
        live = held.fetch(place.new).stage().promote()
        with odd_at(place, 1, done=True, silent=SILENT):
            place.cluster.change("leases", NAME, {"spec": {"holderIdentity": "another run"}})
            with pytest.raises(RollbackFailed, match=f"{NAME} was lost"):
                live.rollback()
    assert place.answer() == place.new.digest


def test_one_that_never_answers_again_is_given_up(
    place: OnTheFake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(silence, "PATIENCE", 0.5)
    with Run(place, place.new).until("promote") as run:
        began = time.monotonic()
        with odd_at(place, 1, silent=600):
            with pytest.raises(NoVerdict, match="does not answer"):
                run.live.prove()
            with pytest.raises(RollbackFailed, match=r"(?s)was lost.*A person is needed"):
                run.live.rollback()
        assert time.monotonic() - began < 10


@pytest.mark.parametrize("lasts", [0.6, 600.0], ids=["a moment", "for good"])
def test_a_write_that_is_answered_with_trouble_is_made_again_for_as_long_as_looks_are(
    place: OnTheFake, monkeypatch: pytest.MonkeyPatch, lasts: float
) -> None:
    """As by an admission webhook that is started anew: 500 at once, and looks are answered."""
    monkeypatch.setattr(silence, "PATIENCE", 3.0)
    with place.reach() as deployer, deployer.lock() as held:
        staged = held.fetch(place.new).stage()
        ends = time.monotonic() + lasts
        place.cluster.answers = lambda method, *_: (
            (500, "failed calling webhook")
            if method == "PATCH" and time.monotonic() < ends
            else None
        )
        if lasts < silence.PATIENCE:
            staged.promote().conclude()
            assert place.answer() == place.new.digest
        else:
            with pytest.raises(NoVerdict, match=r"answers 500 to patch .*failed calling webhook"):
                staged.promote()
            assert place.answer() == place.old.digest
