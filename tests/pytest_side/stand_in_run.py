"""Stands for a run that has ended, and for pytest's side of it, where a test asks one outlet."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, TextIO, cast

from _pytest._io import TerminalWriter

from pytest_storedog_gate.datadog.models import CheckOutcome, Result, Status
from pytest_storedog_gate.verdicts.rule import CheckVerdict, State, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import pytest

    from pytest_storedog_gate.errors import GateError
    from pytest_storedog_gate.gate.run import GateRun

_STATES = {
    Status.PASSED: State.OPEN,
    Status.FAILED: State.CLOSED,
    Status.NO_VERDICT: State.INCONCLUSIVE,
}


class Run:
    """What the outlets ask of a `GateRun`."""

    def __init__(self, outcomes: Iterable[CheckOutcome], said: str = "") -> None:
        self.failure: GateError | None = None
        self.deployment = None
        self.rolled_back = said
        self.calls = 0
        self.batches = [SimpleNamespace(url=f"http://synthetics.test/{said}")]
        self.checks = [
            SimpleNamespace(public_id=one.public_id, definition=SimpleNamespace(name=one.name))
            for one in outcomes
        ]
        redact: Callable[[str], str] = str
        environment = SimpleNamespace(name="staging", gated=None)
        self.settings = SimpleNamespace(
            environment=environment, deploy=True, report=None, redact=redact
        )

    def properties(self) -> list[tuple[str, object]]:
        return [("rolled_back", self.rolled_back)]

    @property
    def as_run(self) -> GateRun:
        return cast("GateRun", self)


def outcome(public_id: str, status: Status, reason: str = "", **more: object) -> CheckOutcome:
    """A check with one result."""
    result = Result(public_id, f"check {public_id}", status, reason, **more)  # type: ignore[arg-type]
    return CheckOutcome(public_id, (result,))


def verdict_on(*outcomes: CheckOutcome, reasons: Iterable[str] = ()) -> Verdict:
    """The verdict of a run in which these are all checks."""
    checks = [
        CheckVerdict(one.public_id, _STATES[one.status], one.decisive.reason, one)
        for one in outcomes
    ]
    states = [check.state for check in checks]
    worst = next((one for one in (State.CLOSED, State.INCONCLUSIVE) if one in states), State.OPEN)
    told = [f"{check.public_id}: {check.reason}" for check in checks if check.reason]
    return Verdict(worst, int(worst is not State.OPEN), (*reasons, *told), tuple(checks))


def config_of(*plugins: object, **options: object) -> pytest.Config:
    """A configuration with these plugins and options."""
    manager = SimpleNamespace(get_plugins=lambda: plugins, get_plugin=lambda _name: None)
    return cast("pytest.Config", SimpleNamespace(pluginmanager=manager, getoption=options.get))


def config_writing_to(file: TextIO) -> pytest.Config:
    """A configuration with pytest's own writer, and a reporter that has nothing else."""
    config, writer = config_of(), TerminalWriter(file)
    config.get_terminal_writer = lambda: writer  # type: ignore[method-assign]
    return config
