"""Fixtures of the gate, and what reports tell of each item."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_storedog_gate.errors import GateError
from pytest_storedog_gate.outlets.plain_text import line
from pytest_storedog_gate.pytest_side.asking import LASTED, failed, outcome_of
from pytest_storedog_gate.pytest_side.collecting import markers
from pytest_storedog_gate.pytest_side.collecting.markers import uses_gate
from pytest_storedog_gate.pytest_side.source import SOURCE
from pytest_storedog_gate.pytest_side.testimony import RUNS

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from pytest_storedog_gate.datadog.models import CheckOutcome


_RUNS = pytest.StashKey[int]()
_CALLS = pytest.StashKey[int]()


@pytest.fixture
def storedog_public_id(request: pytest.FixtureRequest) -> str:
    """The check that the test's `synthetics` marker names, else each check of the run in turn."""
    public_id = markers.own_id(request.node)
    if public_id is None:
        pytest.fail(
            "the test names no check: ask for its outcome as an argument, or name one with "
            '@pytest.mark.synthetics("abc-def-ghi")',
            pytrace=False,
        )
    return public_id


@pytest.fixture
def storedog_outcome(request: pytest.FixtureRequest, storedog_public_id: str) -> CheckOutcome:
    """One check's outcome in this run: its status, and its results with steps and timings.

    A check without a verdict fails here, in setup: JUnit then has an error, not a failure.
    """
    return outcome_of(request.node, storedog_public_id)


@pytest.fixture
def storedog_trigger(request: pytest.FixtureRequest) -> Callable[..., CheckOutcome]:
    """A function that runs a check in a batch of its own and waits for its outcome.

    It takes the public ID, and datadog-ci's overrides as keyword arguments:
    `storedog_trigger("abc-def-ghi", startUrl="http://...", variables={"NAME": "value"})`
    """
    source = request.config.stash[SOURCE]

    def trigger(public_id: str, **overrides: Any) -> CheckOutcome:
        try:
            return source.trigger(public_id, overrides)
        except GateError as error:
            raise failed(f"{public_id} was not run: {line(str(error))}") from None

    return trigger


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """Counts how often a test is run: plugins that repeat one show the last time alone."""
    item.stash[_RUNS] = item.stash.get(_RUNS, 0) + 1
    item.stash[_CALLS] = 0
    return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """The same for plugins that repeat the call of its function within one run."""
    calls = pyfuncitem.stash[_CALLS] = pyfuncitem.stash.get(_CALLS, 0) + 1
    if calls > 1:
        pyfuncitem.stash[_RUNS] = pyfuncitem.stash.get(_RUNS, 0) + 1
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Reports its own time of a check or a watch.

    The waiting is shared, and the first item would get it all.
    """
    report = yield
    if uses_gate(item):
        setattr(report, RUNS, item.stash.get(_RUNS, 0))
    lasted = item.stash.get(LASTED, None)
    if lasted is not None:
        report.duration = lasted if report.when == "call" else 0.0
    return report
