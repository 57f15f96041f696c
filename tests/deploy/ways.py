"""All ways to deploy, and how a test is run for each of them."""

from __future__ import annotations

import pytest

from pytest_storedog_gate.deploy.docker import strategies
from pytest_storedog_gate.deploy.environment import Address
from tests.deploy.conftest import staging

ADDRESS = Address("127.0.0.1", 80)
STALE = 11.0  # s, after which a lock that was created and not started has lost its holder
# By each strategy, reached by name; and what only some can do, at an address.
WAYS = {
    **{name: staging(name) for name in strategies.names()},
    "recreate, published": staging("recreate", publish={"shop": ADDRESS}),
    "edge, published": staging("edge", publish={"shop": ADDRESS}),
}
each_way = pytest.mark.parametrize("environment", WAYS.values(), ids=WAYS)
