"""What every deployer has to hold to, asked of the one that is made of several."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.deploy.docker.traffic import stopping
from pytest_storedog_gate.pytest_side.conformance import Contract, Run, WatchesServices
from tests.deploy.conftest import LIVE, staging
from tests.deploy.fake_engine import Killed
from tests.deploy.fake_machine import Machine, digest_of
from tests.deploy.several.fleet import Death, Fleet, at_targets

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from pytest_storedog_gate.deploy import Deployer, ImageReference
    from pytest_storedog_gate.pytest_side.conformance import Place


class AtTwoTargets:
    """An environment on two fake engines; the new version that is bad is so at the last alone."""

    def __init__(self) -> None:
        self.fleet = Fleet(Machine())
        self.old, self.new = self.fleet.push("1"), self.fleet.push("2")
        self.bad = self.fleet.push("bad")
        self.fleet.machines["eu"].push("bad", "exits")
        self._environment = at_targets(staging())

    def reach(self) -> AbstractContextManager[Deployer]:
        return self.fleet.reached(self._environment)

    def answer(self) -> str | None:
        (release,) = self.fleet.answers()
        return release and digest_of(release)

    def take_away(self) -> None:
        """Of the last one: what is gone of any is gone."""
        eu = self.fleet.machines["eu"]
        if (box := eu.box(LIVE)) is not None:
            eu.remove(box)


class TestTargets(Contract, WatchesServices):
    @pytest.fixture
    def place(self, monkeypatch: pytest.MonkeyPatch) -> AtTwoTargets:
        monkeypatch.setattr(stopping, "_LONGEST_DRAIN", 0.0)
        return AtTwoTargets()

    def kill(self, place: Place, image: ImageReference, after: str) -> None:
        """The fakes' state is in this process, so that they end the run in their own way."""
        assert isinstance(place, AtTwoTargets)
        death = Death(place.fleet, 1)
        with suppress(Killed), Run(place, image).until(after):
            raise death.now()
