"""The rule: when the gate is open. Decided once, from evidence, by one pure function."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

from pytest_storedog_gate.datadog.models import CheckOutcome, Result, Status
from pytest_storedog_gate.errors import ExitStatus, GateError
from pytest_storedog_gate.settings.requirements import BLOCKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# pytest's own: interrupted, internal error, usage, nothing collected. They stay what they are.
_PYTEST_STATUSES = (2, 3, 4, 5)


class State(Enum):
    """What a run found out: proved, disproved, or neither."""

    OPEN = "open"
    CLOSED = "closed"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True)
class CheckVerdict:
    """One check's part in the verdict, if it is required; `reason` is empty when it passed."""

    public_id: str
    state: State
    reason: str = ""
    outcome: CheckOutcome | None = None
    required: bool = True

    @property
    def name(self) -> str:
        """The check's name, or its public ID where no result told one."""
        return self.outcome.name if self.outcome else self.public_id


@dataclass(frozen=True)
class Verdict:
    """The decision, the exit status that carries it, and why."""

    state: State
    exit_status: int
    reasons: tuple[str, ...]
    checks: tuple[CheckVerdict, ...]


@dataclass(frozen=True)
class Evidence:
    """What pytest saw of a run.

    `required` are the checks whose tests it had to run; `flaws` tell of each whose test ran why it
    is no clean pass (None: it is one); `session_status` is pytest's exit status; `silent` are the
    selected tests that left no report, `broken` tells of those that failed beside the checks'.
    """

    required: Sequence[str]
    flaws: Mapping[str, str | None]
    session_status: int
    silent: Sequence[str] = ()
    broken: Sequence[str] = ()


def decide(  # noqa: PLR0913  # the evidence has that many kinds
    required: Sequence[str],
    outcomes: Mapping[str, CheckOutcome],
    flaws: Mapping[str, str | None],
    *,
    failure: GateError | None,
    session_status: int,
    optional: Sequence[str] = (),
    silent: Sequence[str] = (),
    broken: Sequence[str] = (),
) -> Verdict:
    """Opens the gate only if every required check has passed, by its result and by its test.

    `failure` is what stopped the run; `flaws`, `session_status`, `silent` and `broken` are those of
    `Evidence`. The `optional` checks are told and decide nothing.
    """
    deciding = [_check(p, outcomes.get(p), flaws.get(p, "its test did not run")) for p in required]
    checks = (*deciding, *(_optional(p, outcomes.get(p)) for p in optional))
    reasons = [f"{check.public_id}: {check.reason}" for check in deciding if check.reason]
    if failure is not None:
        reasons.insert(0, str(failure))
        closed = failure.exit_status is ExitStatus.CLOSED
        state = State.CLOSED if closed else State.INCONCLUSIVE
        return Verdict(state, failure.exit_status, tuple(reasons), checks)
    if session_status in _PYTEST_STATUSES:
        reasons.insert(0, f"pytest ended with exit status {session_status}")
        return Verdict(State.INCONCLUSIVE, session_status, tuple(reasons), checks)
    states = {check.state for check in deciding}
    if State.CLOSED in states:
        return Verdict(State.CLOSED, ExitStatus.CLOSED, tuple(reasons), checks)
    if states != {State.OPEN}:
        reasons = reasons or ["nothing was required, so nothing was proved"]
        return Verdict(State.INCONCLUSIVE, ExitStatus.INCONCLUSIVE, tuple(reasons), checks)
    if session_status == ExitStatus.CLOSED or broken:
        reasons = ["other tests of this run failed", *broken]
        return Verdict(State.CLOSED, ExitStatus.CLOSED, tuple(reasons), checks)
    if session_status != ExitStatus.OPEN:
        reasons = [f"pytest ended with exit status {session_status}"]
        return Verdict(State.INCONCLUSIVE, ExitStatus.INCONCLUSIVE, tuple(reasons), checks)
    if silent:
        reasons = [f"{name} was selected and left no report" for name in silent]
        return Verdict(State.INCONCLUSIVE, ExitStatus.INCONCLUSIVE, tuple(reasons), checks)
    return Verdict(State.OPEN, ExitStatus.OPEN, (), checks)


def by_rule(outcome: CheckOutcome, rule: str) -> CheckOutcome:
    """The outcome by the rule that git has for the check: Datadog cannot relax a required one."""
    results = tuple(_by_rule(result, rule) for result in outcome.results)
    return replace(outcome, results=results)


def _by_rule(result: Result, rule: str) -> Result:
    if rule == BLOCKING != result.execution_rule and result.status is not Status.FAILED:
        reason = (
            f"it is required here, but Datadog reports it as {result.execution_rule}; make it "
            "blocking there"
        )
        return replace(result, execution_rule=rule, status=Status.NO_VERDICT, reason=reason)
    return replace(result, execution_rule=rule)


STATE_OF = {
    Status.PASSED: State.OPEN,
    Status.FAILED: State.CLOSED,
    Status.NO_VERDICT: State.INCONCLUSIVE,
}


def _optional(public_id: str, outcome: CheckOutcome | None) -> CheckVerdict:
    if outcome is None:
        reason = "it has no result"
        return CheckVerdict(public_id, State.INCONCLUSIVE, reason, required=False)
    state = STATE_OF[outcome.status]
    return CheckVerdict(public_id, state, outcome.decisive.reason, outcome, required=False)


def _check(public_id: str, outcome: CheckOutcome | None, flaw: str | None) -> CheckVerdict:
    if outcome is None:
        return CheckVerdict(public_id, State.INCONCLUSIVE, flaw or "it has no result")
    outcome = by_rule(outcome, BLOCKING)
    if outcome.status is Status.FAILED:
        return CheckVerdict(public_id, State.CLOSED, outcome.decisive.reason, outcome)
    if outcome.status is Status.NO_VERDICT:
        return CheckVerdict(public_id, State.INCONCLUSIVE, outcome.decisive.reason, outcome)
    if flaw is not None:
        return CheckVerdict(public_id, State.INCONCLUSIVE, flaw, outcome)
    return CheckVerdict(public_id, State.OPEN, "", outcome)
