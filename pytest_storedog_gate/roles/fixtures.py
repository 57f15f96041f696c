"""Fixtures of the gate, and what they leave on the item for reports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pytest

from pytest_storedog_gate.datadog.models import Status
from pytest_storedog_gate.errors import GateError

from . import junit
from .failure_text import of_check

if TYPE_CHECKING:
    from collections.abc import Generator

    from pytest_storedog_gate.datadog.models import CheckOutcome


class OutcomeSource(Protocol):
    """Where a process gets outcomes from: the run itself, or the controller over a socket."""

    def outcome(self, public_id: str) -> CheckOutcome:
        """One check's outcome; blocks until it is there. Raises `GateError` if there is none."""
        ...


SOURCE = pytest.StashKey[OutcomeSource]()
_OUTCOME = pytest.StashKey["CheckOutcome"]()


@pytest.fixture
def storedog_outcome(request: pytest.FixtureRequest, storedog_public_id: str) -> CheckOutcome:
    """One check's outcome in this run.

    A check without a verdict fails here, in setup: JUnit then has an error, not a failure.
    """
    outcome = _outcome(request.config, storedog_public_id)
    if isinstance(outcome, GateError):
        first_line = str(outcome).partition("\n")[0]
        pytest.fail(f"{storedog_public_id} has no verdict: {first_line}", pytrace=False)
    request.node.stash[_OUTCOME] = outcome
    request.node.user_properties.extend(junit.properties(outcome.decisive))
    if outcome.status is Status.NO_VERDICT:
        pytest.fail(of_check(outcome), pytrace=False)
    return outcome


def _outcome(config: pytest.Config, public_id: str) -> CheckOutcome | GateError:
    # The error is returned: failing inside its handler would print it twice.
    try:
        return config.stash[SOURCE].outcome(public_id)
    except GateError as error:
        return error


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Reports the check's own time: the waiting is shared, and the first item would get it all."""
    report = yield
    outcome = item.stash.get(_OUTCOME, None)
    if outcome is not None:
        report.duration = outcome.duration if report.when == "call" else 0.0
    return report
