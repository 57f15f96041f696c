"""Finds the real datadog-ci, starts what it is run against, and runs scenarios side by side."""

from __future__ import annotations

import shutil
from concurrent.futures import Future, ThreadPoolExecutor
from importlib import import_module
from typing import TYPE_CHECKING

import pytest

from tests.conftest import missing

from .both import Run, Scenario, Tools, run
from .world import running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Submit = Callable[[str, Scenario], Future[tuple[Run, Run]]]

# Most of a scenario is datadog-ci's waiting; more of them would only wait for a core.
_SIDE_BY_SIDE = 6


@pytest.fixture(scope="session")
def tools() -> Tools:
    """datadog-ci as package-lock.json pins it, where lab/scripts/npm.py has put it."""
    modules: Path = import_module("lab.scripts.npm").folder() / "node_modules"
    script = modules / "@datadog" / "datadog-ci" / "dist" / "bundle.js"
    if not script.exists():
        missing("npm", f"no datadog-ci in {modules}: lab/test installs it with npm ci")
    own = sorted(modules.glob("node-linux-*/bin/node"))
    node = str(own[0]) if own else shutil.which("node")
    if node is None:
        missing("npm", "no node on this machine")
    return Tools(node, script)


@pytest.fixture(scope="module")
def submit(tools: Tools, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Submit]:
    """Starts a scenario by name; its two runs are there when the future is asked for them."""
    with (
        running(tmp_path_factory.mktemp("world")) as (_, service),
        ThreadPoolExecutor(_SIDE_BY_SIDE) as pool,
    ):

        def start(name: str, scenario: Scenario) -> Future[tuple[Run, Run]]:
            folder = tmp_path_factory.mktemp(name, numbered=True)
            return pool.submit(run, scenario, tools, service, folder)

        yield start
        pool.shutdown(cancel_futures=True)
