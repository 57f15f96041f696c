"""What a user's plugin or conftest may provide, as hooks of pytest: https://pluggy.readthedocs.io.

A hook is implemented as any other: `def pytest_storedog_deployer(environment): ...` in a conftest
file beside the configuration; it takes those arguments that it names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from pytest_storedog_gate.deploy import Build, Deployer
    from pytest_storedog_gate.deploy.environment import Environment


@pytest.hookspec(firstresult=True)
def pytest_storedog_deployer(
    environment: Environment,
    build: Build,
    progress: Callable[[str], None],
    redact: Callable[[str], str],
) -> AbstractContextManager[Deployer] | None:
    """What deploys to `environment`, as long as its context is open; None leaves it to the next.

    The gate's own comes last and deploys with the environment's Docker engine. See
    `pytest_storedog_gate.deploy` for the types: each method says what it has to hold to.

    :param environment: what storedog.toml says of it, with the values of `${NAME}`
    :param build: commit, number and link of the CI build
    :param progress: takes a line for people about what has just been done
    :param redact: masks the run's secrets in a text
    """
