"""The record, shortened to what a person reads at a glance."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_storedog_gate.outlets.plain_text import line
from pytest_storedog_gate.reports.states import WORST_FIRST, word
from pytest_storedog_gate.verdicts.record import Mode
from pytest_storedog_gate.verdicts.rule import State

if TYPE_CHECKING:
    from pytest_storedog_gate.verdicts.record import Record
    from pytest_storedog_gate.verdicts.rule import CheckVerdict

MOST_CHECKS = 50
_MARKDOWN = re.compile(r"[\\`*_{}\[\]()<>|~]")


@dataclass(frozen=True)
class CheckView:
    """One check: `url` leads to its result at Synthetics, and is empty where it is not there."""

    public_id: str
    name: str
    state: State
    word: str
    reason: str
    url: str


def headline(record: Record) -> str:
    """E.g. `GATE CLOSED for staging: 1/2 checks passed`; no gate where none was decided on."""
    required = [check for check in record.checks if check.required]
    passed = sum(check.state is State.OPEN for check in required)
    state = record.verdict.state
    if record.mode is Mode.DECIDES:
        said = f"GATE {state.value.upper()} for"
    else:
        said = f"CHECKS {'PASSED' if state is State.OPEN else 'DID NOT PASS'} on"
    return f"{said} {line(record.environment)}: {passed}/{len(required)} checks passed"


def checks(record: Record) -> list[CheckView]:
    """The checks, those that did not pass first; no more than `MOST_CHECKS`."""
    ordered = sorted(record.checks, key=lambda check: WORST_FIRST.index(check.state))
    return [_view(check) for check in ordered[:MOST_CHECKS]]


def left_out(record: Record) -> int:
    """How many checks `checks` does not show."""
    return max(0, len(record.checks) - MOST_CHECKS)


def batches(record: Record) -> list[str]:
    """The pages of the run's batches; one that the run wrote itself is no address."""
    return [one.batch_url for one in record.batches if one.batch_url.startswith("http")]


def other_reasons(record: Record) -> list[str]:
    """Why the gate is not open, where no check says it."""
    ids = tuple(f"{check.public_id}: " for check in record.checks)
    return [reason for reason in record.verdict.reasons if not reason.startswith(ids)]


def no_markdown(text: str) -> str:
    """As it is where Markdown is read: no emphasis, no link."""
    return _MARKDOWN.sub(r"\\\g<0>", text)


def _view(check: CheckVerdict) -> CheckView:
    results = check.outcome.results if check.outcome else ()
    return CheckView(
        public_id=line(check.public_id),
        name=line(check.name),
        state=check.state,
        word=word(check.state, required=check.required),
        reason=line(check.reason),
        url=next((r.result_url for r in results if r.result_url.startswith("http")), ""),
    )
