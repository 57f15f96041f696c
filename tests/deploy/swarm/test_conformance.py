"""What every deployer has to hold to, on the fake Swarm, with and without a preview."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.pytest_side.conformance import AgreesWithOthers, Contract, WatchesServices
from tests.deploy.swarm.places import OnTheFake

if TYPE_CHECKING:
    from pytest_storedog_gate.deploy.environment import Address
    from tests.deploy.swarm.fake_swarm import FakeSwarm


class TestSwarm(Contract, AgreesWithOthers, WatchesServices):
    @pytest.fixture(params=[False, True], ids=["", "with a preview"])
    def place(
        self, request: pytest.FixtureRequest, swarm: FakeSwarm, preview: Address
    ) -> OnTheFake:
        return OnTheFake(swarm, preview=preview if request.param else None)
