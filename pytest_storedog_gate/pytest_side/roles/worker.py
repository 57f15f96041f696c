"""The role of an xdist worker: it collects what it is told, and reads outcomes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.pytest_side.collecting import collection
from pytest_storedog_gate.pytest_side.reporting.attaching import allure
from pytest_storedog_gate.pytest_side.worker_questions import RemoteSource

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest


def register(config: pytest.Config, handed: Mapping[str, Any]) -> None:
    """Makes this process a worker of the gate; `handed` is what `OverWorkers` tells it."""
    source, path = RemoteSource(handed["address"], handed["key"]), Path(handed["path"])
    environment, decides = handed["environment"], handed["decides"]
    collection.register(config, source, path, environment, decides=decides)
    allure.register(config, source)
