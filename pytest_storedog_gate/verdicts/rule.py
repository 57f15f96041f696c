"""The rule: when the gate is open. Decided once, from evidence, by one pure function."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

from pytest_storedog_gate.datadog.models import CheckOutcome, Result, Status
from pytest_storedog_gate.errors import ExitStatus, GateError
from pytest_storedog_gate.settings.requirements import BLOCKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

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
class WatchVerdict:
    """What watching one thing that is live came to, which is always required.

    `name` is a service's, or begins with `datadog:` where that was asked; `title` says
    what was watched. `reason` is empty when nothing went wrong for all of its `seconds`.
    """

    name: str
    title: str
    state: State
    reason: str = ""
    seconds: float = 0.0

    @property
    def called(self) -> str:
        """How reasons and flaws call it: no check's public ID has a space."""
        return of_watch(self.name)


def of_watch(name: str) -> str:
    """See `WatchVerdict.called`."""
    return f"watch of {name}"


@dataclass(frozen=True)
class Verdict:
    """The decision, the exit status that carries it, and why."""

    state: State
    exit_status: int
    reasons: tuple[str, ...]
    checks: tuple[CheckVerdict, ...]
    watched: tuple[WatchVerdict, ...] = ()


@dataclass(frozen=True)
class Evidence:
    """What pytest saw of a run.

    `required` are the checks whose tests it had to run; `flaws` tell of each whose test ran why it
    is no clean pass (None: it is one), and so of each watch, as it is `called`; `session_status`
    is pytest's exit status; `silent` are the selected tests that left no report, `broken` tells of
    those that failed beside the checks' and watches'.
    """

    required: Sequence[str]
    flaws: Mapping[str, str | None]
    session_status: int
    silent: Sequence[str] = ()
    broken: Sequence[str] = ()


def decide(
    evidence: Evidence,
    outcomes: Mapping[str, CheckOutcome],
    failure: GateError | None,
    optional: Collection[str] = (),
    watched: Collection[WatchVerdict] = (),
) -> Verdict:
    """Opens the gate only if every required check has passed, by its result and by its test.

    `failure` is what stopped the run. The `optional` checks are told and decide nothing. All that
    had to be `watched` has to have passed as well, by its watching and by its test.
    """
    flaws, status, relaxed = evidence.flaws, evidence.session_status, frozenset(optional)
    required = [public_id for public_id in evidence.required if public_id not in relaxed]
    deciding = [_check(p, outcomes.get(p), flaws.get(p, "its test did not run")) for p in required]
    checks = (*deciding, *(_optional(p, outcomes.get(p)) for p in optional))
    watches = tuple(
        _watch(each, flaws.get(each.called, "its test did not run")) for each in watched
    )
    reasons = [f"{check.public_id}: {check.reason}" for check in deciding if check.reason]
    proved = {check.state for check in deciding}
    states = proved | {each.state for each in watches}
    # What ended the run is the reason why the rest was not watched to the end.
    telling = {State.CLOSED} if failure or State.CLOSED in states else set(State)
    reasons += [f"{w.called}: {w.reason}" for w in watches if w.reason and w.state in telling]

    def verdict(state: State, status: int, *reasons: str) -> Verdict:
        return Verdict(state, status, reasons, checks, watches)

    if failure is not None:
        closed = failure.exit_status is ExitStatus.CLOSED
        state = State.CLOSED if closed else State.INCONCLUSIVE
        return verdict(state, failure.exit_status, str(failure), *reasons)
    if status in _PYTEST_STATUSES:
        ended = f"pytest ended with exit status {status}"
        return verdict(State.INCONCLUSIVE, status, ended, *reasons)
    if State.CLOSED in states:
        return verdict(State.CLOSED, ExitStatus.CLOSED, *reasons)
    if proved == {State.OPEN} and evidence.broken:  # which has ended the watch, if there was one
        why = "other tests of this run failed"
        return verdict(State.CLOSED, ExitStatus.CLOSED, why, *evidence.broken)
    if not proved or states != {State.OPEN}:
        reasons = reasons or ["nothing was required, so nothing was proved"]
    elif status == ExitStatus.CLOSED:
        return verdict(State.CLOSED, ExitStatus.CLOSED, "other tests of this run failed")
    elif status != ExitStatus.OPEN:
        reasons = [f"pytest ended with exit status {status}"]
    elif evidence.silent:
        reasons = [f"{name} was selected and left no report" for name in evidence.silent]
    else:
        return verdict(State.OPEN, ExitStatus.OPEN)
    return verdict(State.INCONCLUSIVE, ExitStatus.INCONCLUSIVE, *reasons)


def _watch(found: WatchVerdict, flaw: str | None) -> WatchVerdict:
    if found.state is State.OPEN and flaw is not None:
        return replace(found, state=State.INCONCLUSIVE, reason=flaw)
    return found


def by_rule(outcome: CheckOutcome, rule: str) -> CheckOutcome:
    """The outcome by the rule that git has for the check: Datadog cannot relax a required one."""
    results = tuple(_by_rule(result, rule) for result in outcome.results)
    return outcome if results == outcome.results else replace(outcome, results=results)


def _by_rule(result: Result, rule: str) -> Result:
    if rule == BLOCKING != result.execution_rule and result.status is not Status.FAILED:
        reason = (
            f"it is required here, but Datadog reports it as {result.execution_rule}; make it "
            "blocking there"
        )
        return replace(result, execution_rule=rule, status=Status.NO_VERDICT, reason=reason)
    return result if rule == result.execution_rule else replace(result, execution_rule=rule)


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
    if outcome.status is not Status.PASSED:
        reason = outcome.decisive.reason
        return CheckVerdict(public_id, STATE_OF[outcome.status], reason, outcome)
    if flaw is not None:
        return CheckVerdict(public_id, State.INCONCLUSIVE, flaw, outcome)
    return CheckVerdict(public_id, State.OPEN, "", outcome)
