"""What every deployer has to hold to, on the fake cluster."""

from __future__ import annotations

from pytest_storedog_gate.pytest_side.conformance import Contract, WatchesServices


class TestKubernetes(Contract, WatchesServices):
    """All of it."""
