"""What a user's plugin or conftest may provide, as hooks of pytest: https://pluggy.readthedocs.io.

A hook is implemented as any other: `def pytest_storedog_deployer(environment): ...` in a conftest
file beside the configuration; it takes those arguments that it names. Under xdist the controller
alone calls these hooks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from pytest_storedog_gate.deploy import Build, Deployer, ImageReference, Timing
    from pytest_storedog_gate.deploy.environment import Environment
    from pytest_storedog_gate.settings.load import Settings
    from pytest_storedog_gate.verdicts.record import Record
    from pytest_storedog_gate.verdicts.store import VerdictStore


@pytest.hookspec(firstresult=True)
def pytest_storedog_deployer(
    environment: Environment,
    build: Build,
    progress: Callable[[str], None],
    redact: Callable[[str], str],
    timing: Timing,
) -> AbstractContextManager[Deployer] | None:
    """What deploys to `environment`, as long as its context is open; None leaves it to the next.

    An environment with `targets` has one for each, which is asked for with that target's values.

    The gate's own comes last and deploys with the environment's Docker engine. See
    `pytest_storedog_gate.deploy` for the types: each method says what it has to hold to.

    :param environment: what storedog.toml says of it, with the values of `${NAME}`
    :param build: commit, number and link of the CI build
    :param progress: takes a line for people about what has just been done
    :param redact: masks the run's secrets in a text
    :param timing: `with timing("drain"):` tells where the time of a step goes, see -v
    """


@pytest.hookspec(firstresult=True)
def pytest_storedog_verdict_store(settings: Settings) -> VerdictStore | None:
    """Where verdicts are kept and asked for; None leaves it to the next.

    The gate's own comes last and is the folder that storedog.toml names. See
    `pytest_storedog_gate.verdicts.store`: a store only keeps, and which record lets a digest
    through is decided alike for all.

    :param settings: what the run is asked to do
    """


@pytest.hookspec
def pytest_storedog_before_traffic(
    environment: Environment, image: ImageReference, address: str | None
) -> None:
    """A proof of the project's own while the candidate stands, before it has traffic.

    It can only close the gate: `DeploymentFailed` closes it, and whatever else is raised, a skip
    too, leaves it without a verdict. The candidate is removed then. The first one that raises ends
    the asking. It is not called where nothing is deployed, and once for each of several targets.

    :param environment: what storedog.toml says of it, with the values of `${NAME}`
    :param image: the reference with its digest
    :param address: HOST:PORT where the candidate answers meanwhile; None where none is told
    """


@pytest.hookspec
def pytest_storedog_after_checks(environment: Environment, record: Record) -> None:
    """A proof of the project's own once all checks have passed, before the gate opens.

    As before traffic, it can only close the gate; the previous version is put back then, where the
    environment says so. What answers is proved once more after it. It is not called in a run that
    only checks.

    :param environment: what storedog.toml says of it, with the values of `${NAME}`
    :param record: the run as it would end now, without the run's secrets
    """


@pytest.hookspec
def pytest_storedog_report(record: Record, config: pytest.Config) -> str | None:
    """Reports the run, once all is decided, done and kept; a text is shown above the last line.

    It changes nothing: what it raises is shown as a line, and the others are called as well. The
    gate's own are those of `reports.delivered`, as the card in Drone.

    :param record: the run, without its secrets; see `pytest_storedog_gate.verdicts.record`
    :param config: pytest's
    """
