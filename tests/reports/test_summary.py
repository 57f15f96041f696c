"""The last lines of a run: what went wrong first, each thing said once, nothing buried."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.datadog.models import CheckOutcome, Result, Status
from pytest_storedog_gate.pytest_side.reporting import terminal
from pytest_storedog_gate.reports import summary
from pytest_storedog_gate.verdicts.rule import CheckVerdict, State, Verdict
from tests.reports.stand_ins import config_of, outcome, record_of, record_on

if TYPE_CHECKING:
    from collections.abc import Iterable

PASSED, FAILED, NO_VERDICT = Status.PASSED, Status.FAILED, Status.NO_VERDICT


def ids(number: int) -> list[str]:
    return [f"abc-def-{n:03}" for n in range(number)]


def checks_of(outcomes: Iterable[CheckOutcome]) -> list[str]:
    """The summary's lines above that of the batch."""
    lines = list(summary.lines(record_of(*outcomes), ["pytest"]))
    return lines[: lines.index("batch: http://synthetics.test/")]


def test_what_did_not_pass_comes_first() -> None:
    lines = checks_of(
        [
            outcome("pas-sed-aaa", PASSED),
            outcome("los-tbb-bbb", NO_VERDICT, "it was lost"),
            outcome("fai-led-ccc", FAILED, "body: actual 1\nstatus: actual 500"),
            outcome("pas-sed-ddd", PASSED, retries=1),
        ]
    )
    assert lines == [
        "fai-led-ccc  check fai-led-ccc  FAILED",
        "    body: actual 1",
        "    status: actual 500",
        "los-tbb-bbb  check los-tbb-bbb  NO VERDICT",
        "    it was lost",
        "pas-sed-aaa  check pas-sed-aaa  passed",
        "pas-sed-ddd  check pas-sed-ddd  passed after 2 attempts",
    ]


def test_where_the_time_went() -> None:
    seconds = {"lock": 0.254, "drain": 0.0049, "waiting": 8.0, "odd\nname": 1.0}
    record = record_of(outcome("a", PASSED, duration=3.5), outcome("b", FAILED, duration=7.25))
    assert summary.time_line(replace(record, seconds=seconds)) == (
        "time: 9.26 s: lock 0.25, waiting 8.00, odd name 1.00, and the slowest check took 7.25"
    )
    assert (
        summary.time_line(replace(record_of(), seconds={"lock": 1.0})) == "time: 1.00 s: lock 1.00"
    )
    # What two threads did at once is told, and counts once.
    both = replace(record_of(), seconds={"pull": 3.0}, read_beside=2.5)
    assert summary.time_line(both) == (
        "time: 3.00 s: pull 3.00, beside these the checks were read for 2.50"
    )


def test_up_to_twenty_passed_checks_are_listed_and_more_are_counted() -> None:
    assert len(checks_of(outcome(one, PASSED) for one in ids(20))) == 20
    assert checks_of(outcome(one, PASSED) for one in ids(117)) == ["117 checks passed"]


def test_what_passed_after_retries_is_seen_among_many() -> None:
    lines = checks_of(outcome(one, PASSED, retries=int(one[-1] == "7")) for one in ids(100)[:25])
    assert lines == [
        "abc-def-007  check abc-def-007  passed after 2 attempts",
        "abc-def-017  check abc-def-017  passed after 2 attempts",
        "23 more checks passed",
    ]
    many = checks_of(outcome(one, PASSED, retries=1) for one in ids(100))
    assert (len(many), many[-1]) == (21, "80 more checks passed")


def test_a_reason_that_several_checks_have_is_told_once() -> None:
    lines = checks_of(
        [
            outcome("abc-def-001", FAILED, "status: actual 503"),
            outcome("abc-def-002", FAILED, "body: actual 1"),
            outcome("abc-def-003", FAILED, "status: actual 503"),
        ]
    )
    assert lines == [
        "abc-def-002  check abc-def-002  FAILED",
        "    body: actual 1",
        "abc-def-001  check abc-def-001  FAILED",
        "    status: actual 503",
        "abc-def-003  check abc-def-003  FAILED, as above",
    ]


@pytest.mark.parametrize(
    ("number", "line"),
    [
        (0, "no check was run"),
        (2, "no check was run: abc-def-000, abc-def-001"),
        (100, f"no check was run: {', '.join(ids(5))} and 95 more"),
    ],
)
def test_what_stopped_a_run_before_its_checks_is_said_once(number: int, line: str) -> None:
    reason = "Datadog does not know xyz-xyz-xyz: check the public IDs"
    checks = [
        CheckVerdict(one, State.INCONCLUSIVE, f"its test failed: {one} has no verdict: {reason}")
        for one in ids(number)
    ]
    told = [f"{check.public_id}: {check.reason}" for check in checks]
    verdict = Verdict(State.INCONCLUSIVE, 8, (reason, *told), tuple(checks))
    record = record_on(verdict, failure=reason, batches=())
    assert list(summary.lines(record, ["pytest"])) == [line, reason]


def test_checks_that_a_batch_was_triggered_for_were_run() -> None:
    reason = "Datadog cannot be reached at https://api.datadoghq.com\nthe second line of that"
    first = reason.splitlines()[0]
    checks = [
        CheckVerdict(one, State.INCONCLUSIVE, f"its test failed: {one} has no verdict: {first}")
        for one in ids(2)
    ]
    verdict = Verdict(State.INCONCLUSIVE, 8, (reason,), tuple(checks))
    names = {one: f"check {one}" for one in ids(2)}
    record = record_on(verdict, failure=reason, names=names)
    assert list(summary.lines(record, ["pytest"])) == [
        "abc-def-000  check abc-def-000  NO VERDICT",
        "abc-def-001  check abc-def-001  NO VERDICT",
        "batch: http://synthetics.test/",
        first,
        "    the second line of that",
    ]


def test_a_long_name_does_not_push_the_others_away() -> None:
    long = CheckOutcome("abc-def-001", (Result("abc-def-001", "n" * 200, PASSED, ""),))
    lines = checks_of([outcome("abc-def-000", PASSED), long])
    assert [len(line) for line in lines] == [11 + 2 + 60 + 2 + 6, 11 + 2 + 200 + 2 + 6]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"storedog_config": "it's mine/storedog.toml"},
        {"synthetics_url": "http://127.0.0.1:1/?a=b&c", "synthetics_backend": "local"},
        {"storedog_config": "a\nb.toml"},
    ],
)
def test_run_them_again_repeats_where_they_ran(options: dict[str, str]) -> None:
    failed = ids(100)
    outcomes = [outcome("pas-sed-aaa", PASSED), *(outcome(one, FAILED) for one in failed)]
    config = config_of(storedog_env="staging", **options)
    (line,) = summary.again(record_of(*outcomes), terminal.repeating(config))
    assert line.startswith("run them again: pytest --storedog-env=staging ")
    assert len(line.splitlines()) == 1
    # $'...' is bash's, for what has a break in it.
    words = shlex.split(line.removeprefix("run them again: ").replace("$'", "'"))
    given = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
    assert set(given) <= {word.replace("\\n", "\n") for word in words}
    assert words[-101:] == ["--storedog-deploy=never", *(f"--synthetics-id={p}" for p in failed)]
