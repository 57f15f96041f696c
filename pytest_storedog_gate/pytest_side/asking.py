"""Asks for what one item is to say, and leaves it on the item for reports.

What has no verdict fails here, in the setup of the item: JUnit then has an error, not a failure.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.datadog.models import Status
from pytest_storedog_gate.errors import GateError
from pytest_storedog_gate.outlets.plain_text import line
from pytest_storedog_gate.pytest_side.source import SOURCE
from pytest_storedog_gate.reports import failure_text, junit
from pytest_storedog_gate.reports.failure_text import of_check, title
from pytest_storedog_gate.verdicts.rule import State, of_watch

if TYPE_CHECKING:
    from pytest_storedog_gate.datadog.models import CheckOutcome
    from pytest_storedog_gate.verdicts.rule import WatchVerdict

# Raised `from None`: the gate's own error would be printed too.
failed = partial(pytest.fail.Exception, pytrace=False)
OUTCOME = pytest.StashKey["CheckOutcome"]()
LASTED = pytest.StashKey[float]()


def outcome_of(item: pytest.Item, public_id: str) -> CheckOutcome:
    """One check's outcome in this run; blocks until it is there."""
    try:
        outcome = item.config.stash[SOURCE].outcome(public_id)
    except GateError as error:
        why = line(str(error).partition("\n")[0])
        raise failed(f"{public_id} has no verdict: {why}") from None
    item.stash[OUTCOME] = outcome
    item.stash[LASTED] = outcome.duration
    item.user_properties.extend(junit.properties(outcome.decisive))
    rules = {result.execution_rule for result in outcome.results}
    if rules == {"skipped"}:
        pytest.skip(f"{title(outcome)}: its execution rule is skipped")
    if outcome.status is not Status.PASSED and rules == {"non_blocking"}:
        pytest.xfail(f"{of_check(outcome)}\n(its execution rule is non_blocking)")
    if outcome.status is Status.NO_VERDICT:
        pytest.fail(of_check(outcome), pytrace=False)
    return outcome


def watched_by(item: pytest.Item, name: str) -> WatchVerdict:
    """What the watching of one thing has come to; blocks until it was watched for long enough."""
    try:
        found = item.config.stash[SOURCE].watched(name)
    except GateError as error:
        why = line(str(error).partition("\n")[0])
        raise failed(f"{of_watch(name)} has no verdict: {why}") from None
    item.stash[LASTED] = found.seconds
    item.user_properties.extend(junit.watch_properties(found))
    if found.state is State.INCONCLUSIVE:
        pytest.fail(failure_text.of_watch(found), pytrace=False)
    return found
