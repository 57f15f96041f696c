"""Finds what npm installs, and runs scenarios side by side against a world of their own."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from importlib import import_module
from typing import TYPE_CHECKING

import pytest

from tests.conftest import missing
from tests.npm.both import Run, Scenario, Tools, run
from tests.npm.world import running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.prepared.runs import Prepared

    Submit = Callable[[str, Scenario], Future[tuple[Run, Run]]]

# Most of a scenario is datadog-ci's waiting; more of them would only wait for a core.
_SIDE_BY_SIDE = 6


@pytest.fixture(scope="session")
def modules() -> Path:
    """What package-lock.json pins, where lab/scripts/machine/npm.py has put it."""
    found: Path = import_module("lab.scripts.machine.npm").folder() / "node_modules"
    if not found.exists():
        missing("npm", f"no {found}: lab/test installs it with npm ci")
    return found


@pytest.fixture(scope="session")
def node(modules: Path) -> str:
    """A Node that all of it accepts."""
    found: str | None = import_module("lab.scripts.machine.npm").node()
    if found is None:
        missing("npm", "no node on this machine")
    return found


@pytest.fixture(scope="session")
def tools(node: str, modules: Path) -> Tools:
    """datadog-ci, and what runs it."""
    script = import_module("lab.scripts.machine.npm").datadog_ci()
    return Tools(node, script, modules.with_name("compiled"))


@pytest.fixture(scope="module")
def submit(
    tools: Tools, prepared: Prepared, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Submit]:
    """Starts a scenario by name; its two runs are there when the future is asked for them."""
    with (
        running(tmp_path_factory.mktemp("world")) as (_, service),
        ThreadPoolExecutor(_SIDE_BY_SIDE) as pool,
    ):

        def start(name: str, scenario: Scenario) -> Future[tuple[Run, Run]]:
            folder = tmp_path_factory.mktemp(name, numbered=True)
            return pool.submit(run, scenario, tools, prepared, service, folder)

        yield start
        pool.shutdown(cancel_futures=True)
