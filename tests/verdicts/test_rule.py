"""The rule, as a pure function."""

from __future__ import annotations

import pytest

from pytest_storedog_gate.datadog.models import CheckOutcome, Result, Status
from pytest_storedog_gate.errors import (
    DeploymentFailed,
    ExitStatus,
    GateError,
    Locked,
    NoVerdict,
    RollbackFailed,
)
from pytest_storedog_gate.verdicts.rule import Evidence, State, Verdict, WatchVerdict, decide
from tests.counted_calls import at_most

A, B = "aaa-aaa-aaa", "bbb-bbb-bbb"


def outcome(public_id: str, *statuses: Status, rule: str = "blocking") -> CheckOutcome:
    return CheckOutcome(
        public_id,
        tuple(
            Result(public_id, "a check", status, f"it is {status.value}", execution_rule=rule)
            for status in statuses
        ),
    )


def passed(public_id: str) -> CheckOutcome:
    return outcome(public_id, Status.PASSED)


def rule(
    outcomes: list[CheckOutcome],
    flaws: dict[str, str | None],
    *,
    required: tuple[str, ...] = (A, B),
    failure: GateError | None = None,
    status: int = 0,
) -> Verdict:
    by_id = {found.public_id: found for found in outcomes}
    return decide(Evidence(required, flaws, status), by_id, failure)


CLEAN: dict[str, str | None] = {A: None, B: None}


def test_opens_when_every_required_check_passed_by_result_and_by_test() -> None:
    verdict = rule([passed(A), passed(B)], CLEAN)
    assert (verdict.state, verdict.exit_status, verdict.reasons) == (State.OPEN, 0, ())


def test_never_opens_on_nothing() -> None:
    verdict = rule([], {}, required=())
    assert (verdict.state, verdict.exit_status) == (State.INCONCLUSIVE, 8)


@pytest.mark.parametrize(
    ("outcomes", "flaws", "expected"),
    [
        ([outcome(A, Status.FAILED), passed(B)], CLEAN, ExitStatus.CLOSED),
        ([outcome(A, Status.PASSED, Status.FAILED), passed(B)], CLEAN, ExitStatus.CLOSED),
        ([outcome(A, Status.NO_VERDICT), passed(B)], CLEAN, ExitStatus.INCONCLUSIVE),
        ([outcome(A, Status.NO_VERDICT), outcome(B, Status.FAILED)], CLEAN, ExitStatus.CLOSED),
        ([passed(B)], CLEAN, ExitStatus.INCONCLUSIVE),
        ([passed(A), passed(B)], {A: None}, ExitStatus.INCONCLUSIVE),
        ([passed(A), passed(B)], {A: "skipped", B: None}, ExitStatus.INCONCLUSIVE),
        ([outcome(A, Status.PASSED, rule="non_blocking"), passed(B)], CLEAN, 8),
    ],
    ids=[
        "failed", "failed-at-one-location", "no-verdict", "failed-beats-no-verdict", "lost-result",
        "test-not-run", "test-not-clean", "relaxed-in-datadog",
    ],
)  # fmt: skip
def test_evidence_that_does_not_open(
    outcomes: list[CheckOutcome], flaws: dict[str, str | None], expected: int
) -> None:
    verdict = rule(outcomes, flaws)
    assert verdict.exit_status == expected
    assert verdict.state is not State.OPEN
    assert verdict.reasons


@pytest.mark.parametrize(
    ("failure", "state"),
    [
        (DeploymentFailed("x"), State.CLOSED),
        (NoVerdict("x"), State.INCONCLUSIVE),
        (RollbackFailed("x"), State.INCONCLUSIVE),
        (Locked("x"), State.INCONCLUSIVE),
    ],
)
def test_what_stopped_the_run_decides_its_status(failure: GateError, state: State) -> None:
    verdict = rule([passed(A), passed(B)], CLEAN, failure=failure)
    assert (verdict.state, verdict.exit_status) == (state, failure.exit_status)
    assert verdict.reasons[0] == "x"


@pytest.mark.parametrize(
    ("status", "expected"), [(1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (6, 8), (78, 8), (-9, 8)]
)
def test_a_session_that_did_not_end_well_is_never_open(status: int, expected: int) -> None:
    verdict = rule([passed(A), passed(B)], CLEAN, status=status)
    assert verdict.state is not State.OPEN
    assert verdict.exit_status == expected


def watched(state: State, reason: str = "") -> WatchVerdict:
    return WatchVerdict("shop", "restarts", state, reason, 60.0)


@pytest.mark.parametrize(
    ("found", "flaws", "status", "expected"),
    [
        (watched(State.OPEN), {"watch of shop": None}, 0, 0),
        (watched(State.CLOSED, "it restarted"), {"watch of shop": None}, 0, 1),
        (watched(State.CLOSED, "it restarted"), {}, 1, 1),
        (watched(State.INCONCLUSIVE, "nobody looked"), {"watch of shop": None}, 0, 8),
        (watched(State.OPEN), {}, 0, 8),
        (watched(State.OPEN), {"watch of shop": "its test was skipped"}, 0, 8),
        (watched(State.OPEN), {"shop": None}, 0, 8),
    ],
)
def test_what_is_watched_has_to_pass_by_its_watching_and_by_its_test(
    found: WatchVerdict, flaws: dict[str, str | None], status: int, expected: int
) -> None:
    evidence = Evidence((A,), {A: None, **flaws}, status)
    verdict = decide(evidence, {A: passed(A)}, None, (), [found])
    assert verdict.exit_status == expected
    assert (verdict.state is State.OPEN) is (expected == 0)
    assert bool(verdict.reasons) is (expected != 0)


def test_another_test_that_failed_closes_the_gate_though_it_ended_the_watch() -> None:
    evidence = Evidence((A,), {A: None}, 1, broken=["test_own: its test failed"])
    ended = watched(State.INCONCLUSIVE, "it was not watched to the end")
    verdict = decide(evidence, {A: passed(A)}, None, (), [ended])
    assert (verdict.state, verdict.exit_status) == (State.CLOSED, 1)
    assert verdict.reasons[1:] == ("test_own: its test failed",)


def test_a_watch_proves_nothing_without_a_check() -> None:
    evidence = Evidence((), {"watch of shop": None}, 0)
    assert decide(evidence, {}, None, (), [watched(State.OPEN)]).exit_status == 8


class Compared(str):
    """A text whose comparisons are calls, which can be counted."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return str.__eq__(self, other)

    __hash__ = str.__hash__


def test_many_checks_of_which_many_are_not_required_are_looked_up() -> None:
    checks = [f"{number:09}" for number in range(1000)]
    outcomes = {public_id: passed(public_id) for public_id in checks}
    evidence = Evidence([Compared(one) for one in checks], dict.fromkeys(checks), 0)
    with at_most(100_000):
        verdict = decide(evidence, outcomes, None, checks[::2])
    assert verdict.state is State.OPEN
