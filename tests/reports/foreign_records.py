"""Records in which outsiders have said whatever they like."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from pytest_storedog_gate.datadog.models import (
    Assertion,
    Attempt,
    CheckOutcome,
    Result,
    Status,
    Step,
)
from pytest_storedog_gate.deploy import Build
from pytest_storedog_gate.verdicts.record import BatchLink, Subject
from pytest_storedog_gate.verdicts.rule import CheckVerdict, State, Verdict, WatchVerdict
from tests.foreign_text import JSON, TEXTS
from tests.reports.stand_ins import record_on

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_storedog_gate.verdicts.record import Record

STATUSES = st.sampled_from(Status)
ASSERTIONS = st.builds(Assertion, TEXTS, TEXTS, JSON, st.booleans(), TEXTS)
STEPS = st.builds(
    Step, TEXTS, STATUSES, TEXTS, assertions=st.lists(ASSERTIONS, max_size=1).map(tuple)
)
REQUESTS = st.fixed_dictionaries(
    {"url": TEXTS.map("http://shop.test/{}".format)},
    optional={
        "method": JSON,
        "headers": st.dictionaries(TEXTS, JSON, max_size=2) | JSON,
        "body": JSON,
    },
)
PLACES = st.sampled_from(["", "Frankfurt", "at the end"]) | TEXTS
RESULTS = st.builds(
    Result,
    TEXTS, TEXTS, STATUSES, TEXTS, TEXTS, TEXTS, TEXTS, TEXTS, PLACES, PLACES, TEXTS,
    st.just("blocking") | TEXTS,
    max_retries=st.integers(0, 2),
    attempts=st.lists(st.builds(Attempt, TEXTS, STATUSES, TEXTS), max_size=2).map(tuple),
    steps=st.lists(STEPS, max_size=1).map(tuple),
    assertions=st.lists(ASSERTIONS, max_size=1).map(tuple),
    detail=st.fixed_dictionaries(
        {}, optional={"request": REQUESTS | JSON, "artifacts": st.lists(TEXTS, max_size=2) | JSON}
    ),
)  # fmt: skip
OUTCOMES = st.lists(RESULTS, min_size=1, max_size=3).map(
    lambda results: CheckOutcome("abc-def-ghi", tuple(results))
)


def closed_on(outcome: CheckOutcome, said: str) -> Record:
    """The record of a closed gate, in which everything that can is `said`."""
    result = replace(outcome.results[0], result_url=f"http://synthetics.test/{said}")
    shown = CheckOutcome(said, (result, *outcome.results[1:]))
    check = CheckVerdict(said, State.CLOSED, outcome.decisive.reason, shown)
    return record_on(
        Verdict(State.CLOSED, 1, (said,), (check,)),
        subject=Subject(said, said),
        build=Build(said, said, said),
        rolled_back=said,
        batches=(BatchLink(said, f"http://synthetics.test/{said}"),),
    )


def everywhere(text: str) -> Record:
    """A record in which each text that comes from outside is this one."""
    result = Result(
        text, text, Status.FAILED, text, text, text, text, text, text, text, text, text,
        attempts=(Attempt(text, Status.FAILED, text), Attempt(text, Status.FAILED, text)),
        steps=(
            Step(text, Status.FAILED, text, 1.0, screenshot=text,
                 assertions=(Assertion(text, text, text, valid=False, message=text),)),
            Step(text, None, text, 1.0),
        ),
        assertions=(Assertion(text, text, [text], valid=False, message=text),),
        timings={text: 1, "dns": 2, "tcp": text},
        detail={
            "request": {"url": text, "method": text, "headers": {text: text}, "body": text},
            "response": {"status_code": text, "headers": {text: text}, "body": text},
            "steps": [{"url": text}, {"request": {"url": text}}],
            "artifacts": [text],
        },
    )  # fmt: skip
    record = closed_on(CheckOutcome(text, (result,)), text)
    watched = WatchVerdict(f"datadog:{text}", text, State.CLOSED, text, 1.0)
    return replace(
        record,
        verdict=replace(record.verdict, watched=(watched,)),
        build=Build(text, text, text),
        names={text: text},
        seconds={text: 1.0},
        pictures={text: b"\xff\xd8" + text.encode("utf-8", "replace")},
        logs={text: text},
        jobs={text: text},
    )


def all_of(texts: Iterable[str]) -> Record:
    """One record of them all: a check for each text, and logs and pictures so named."""
    first, *others = map(everywhere, texts)
    for other in others:
        verdict = replace(
            first.verdict,
            reasons=(*first.verdict.reasons, *other.verdict.reasons),
            checks=(*first.verdict.checks, *other.verdict.checks),
        )
        first = replace(
            first,
            verdict=verdict,
            names={**first.names, **other.names},
            seconds={**first.seconds, **other.seconds},
            pictures={**first.pictures, **other.pictures},
            logs={**first.logs, **other.logs},
            jobs={**first.jobs, **other.jobs},
        )
    return first
