"""The record of a run that has ended, and pytest's side of it, where a test asks one outlet."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, TextIO, cast

from _pytest._io import TerminalWriter

from pytest_storedog_gate.datadog.models import CheckOutcome, Result, Status
from pytest_storedog_gate.deploy import Build
from pytest_storedog_gate.verdicts.record import BatchLink, Mode, Record
from pytest_storedog_gate.verdicts.rule import STATE_OF, CheckVerdict, State, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pytest

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ANY_BATCH = BatchLink("b-1", "http://synthetics.test/")


def record_on(verdict: Verdict, **facts: Any) -> Record:
    """The record of a run with one batch that ended so."""
    names = {check.public_id: check.name for check in verdict.checks}
    known = {"batches": (ANY_BATCH,), "names": names, "build": Build(), **facts}
    return Record(verdict, Mode.DECIDES, "staging", NOW, NOW, **known)


def record_of(*outcomes: CheckOutcome, **facts: Any) -> Record:
    """The record of a run in which these are all checks."""
    return record_on(verdict_on(*outcomes), **facts)


def outcome(public_id: str, status: Status, reason: str = "", **more: object) -> CheckOutcome:
    """A check with one result."""
    result = Result(public_id, f"check {public_id}", status, reason, **more)  # type: ignore[arg-type]
    return CheckOutcome(public_id, (result,))


def verdict_on(*outcomes: CheckOutcome, reasons: Iterable[str] = ()) -> Verdict:
    """The verdict of a run in which these are all checks."""
    checks = [
        CheckVerdict(one.public_id, STATE_OF[one.status], one.decisive.reason, one)
        for one in outcomes
    ]
    states = [check.state for check in checks]
    worst = next((one for one in (State.CLOSED, State.INCONCLUSIVE) if one in states), State.OPEN)
    told = [f"{check.public_id}: {check.reason}" for check in checks if check.reason]
    return Verdict(worst, int(worst is not State.OPEN), (*reasons, *told), tuple(checks))


def config_of(*plugins: object, **options: object) -> pytest.Config:
    """A configuration with these plugins and options."""
    manager = SimpleNamespace(get_plugins=lambda: plugins, get_plugin=lambda _name: None)

    def getoption(name: str, default: object = None) -> object:
        return options.get(name.removeprefix("--").replace("-", "_"), default)

    return cast("pytest.Config", SimpleNamespace(pluginmanager=manager, getoption=getoption))


def config_writing_to(file: TextIO) -> pytest.Config:
    """A configuration with pytest's own writer, and a reporter that has nothing else."""
    config, writer = config_of(), TerminalWriter(file)
    config.get_terminal_writer = lambda: writer  # type: ignore[method-assign]
    return config
