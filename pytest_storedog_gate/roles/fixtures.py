"""Fixtures of the gate, and what they leave on the item for reports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import pytest

from pytest_storedog_gate.datadog.models import Status
from pytest_storedog_gate.errors import GateError

from . import junit
from .failure_text import of_check
from .source import SOURCE

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from pytest_storedog_gate.datadog.models import CheckOutcome

PUBLIC_ID = "storedog_public_id"
_OUTCOME = pytest.StashKey["CheckOutcome"]()


@pytest.fixture
def storedog_public_id(request: pytest.FixtureRequest) -> str:
    """The check that the test's `synthetics` marker names, else each check of the run in turn."""
    marker = request.node.get_closest_marker("synthetics")
    return str(marker.args[0])


@pytest.fixture
def storedog_outcome(request: pytest.FixtureRequest, storedog_public_id: str) -> CheckOutcome:
    """One check's outcome in this run: its status, and its results with steps and timings.

    A check without a verdict fails here, in setup: JUnit then has an error, not a failure.
    """
    source = request.config.stash[SOURCE]
    outcome = _asked(lambda: source.outcome(storedog_public_id))
    if isinstance(outcome, GateError):
        first_line = str(outcome).partition("\n")[0]
        pytest.fail(f"{storedog_public_id} has no verdict: {first_line}", pytrace=False)
    request.node.stash[_OUTCOME] = outcome
    request.node.user_properties.extend(junit.properties(outcome.decisive))
    rules = {result.execution_rule for result in outcome.results}
    if rules == {"skipped"}:
        pytest.skip(f"{outcome.name} ({storedog_public_id}): its execution rule is skipped")
    if outcome.status is not Status.PASSED and rules == {"non_blocking"}:
        pytest.xfail(f"{of_check(outcome)}\n(its execution rule is non_blocking)")
    if outcome.status is Status.NO_VERDICT:
        pytest.fail(of_check(outcome), pytrace=False)
    return outcome


def _asked(question: Callable[[], CheckOutcome]) -> CheckOutcome | GateError:
    # The error is returned: failing inside its handler would print it twice.
    try:
        return question()
    except GateError as error:
        return error


class Trigger(Protocol):
    """Runs a check once more, by public ID, with datadog-ci's overrides as keyword arguments."""

    def __call__(self, public_id: str, **overrides: Any) -> CheckOutcome: ...


@pytest.fixture
def storedog_trigger(request: pytest.FixtureRequest) -> Trigger:
    """A function that runs a check in a batch of its own and waits for its outcome.

    `storedog_trigger("abc-def-ghi", startUrl="http://...", variables={"NAME": "value"})`
    """
    source = request.config.stash[SOURCE]

    def trigger(public_id: str, **overrides: Any) -> CheckOutcome:
        outcome = _asked(lambda: source.trigger(public_id, overrides))
        if isinstance(outcome, GateError):
            pytest.fail(f"{public_id} was not run: {outcome}", pytrace=False)
        return outcome

    return trigger


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
