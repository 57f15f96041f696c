"""The record, shortened to what a person reads at a glance."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_storedog_gate.outlets.plain_text import line
from pytest_storedog_gate.verdicts.record import Mode
from pytest_storedog_gate.verdicts.rule import State

if TYPE_CHECKING:
    from pytest_storedog_gate.verdicts.record import Record
    from pytest_storedog_gate.verdicts.rule import CheckVerdict

MOST_CHECKS = 50
WORDS = {State.CLOSED: "FAILED", State.INCONCLUSIVE: "NO VERDICT", State.OPEN: "passed"}
WORST_FIRST = tuple(WORDS)
# What marks a text, and what begins a heading or a list.
_MARKDOWN = re.compile(r"[\\`*_{}\[\]()<>|~&]|^[#+=-]")
_NUMBERED = re.compile(r"^([0-9]+)\.")


def headline(record: Record) -> str:
    """E.g. `GATE CLOSED for staging: 1/2 checks passed`; no gate where none was decided on."""
    required = [check for check in record.checks if check.required]
    passed = sum(check.state is State.OPEN for check in required)
    state = record.verdict.state
    if record.mode is Mode.DECIDES:
        said = f"GATE {state.value.upper()} for"
    else:
        said = f"CHECKS {'PASSED' if state is State.OPEN else 'DID NOT PASS'} on"
    well = sum(each.state is State.OPEN for each in record.watched)
    watched = f", {well}/{len(record.watched)} watched" if record.watched else ""
    loud = ", PROMOTION OVERRIDDEN" if record.override else ""
    loud += ", ROLLBACK" if record.rollback else ""
    return (
        f"{said} {line(record.environment)}: {passed}/{len(required)} checks passed{watched}{loud}"
    )


def checks(record: Record) -> list[CheckVerdict]:
    """The checks, those that did not pass first; no more than `MOST_CHECKS`."""
    ordered = sorted(record.checks, key=lambda check: WORST_FIRST.index(check.state))
    return ordered[:MOST_CHECKS]


def word(check: CheckVerdict) -> str:
    return WORDS[check.state] + ("" if check.required else " (not required)")


def url(check: CheckVerdict) -> str:
    """Where its result is at Synthetics; empty where there is none."""
    results = check.outcome.results if check.outcome else ()
    return next((r.result_url for r in results if is_web(r.result_url)), "")


def batches(record: Record) -> list[str]:
    """The pages of the run's batches; one that the run wrote itself is no address."""
    return [one.batch_url for one in record.batches if is_web(one.batch_url)]


def is_web(url: str) -> bool:
    """Whether a report may link to it: an address that a page's scripts could be is none."""
    return url.startswith(("http://", "https://"))


def more(record: Record) -> str:
    """How many checks `checks` does not show, in words; empty where it shows all."""
    left_out = len(record.checks) - MOST_CHECKS
    return f"and {left_out} more" if left_out > 0 else ""


def other_reasons(record: Record) -> list[str]:
    """Why the gate is not open, where no check says it, and what a person has decided."""
    told = {f"{check.public_id}: {check.reason}" for check in record.checks}
    overridden = [f"promotion overridden: {record.override}"] if record.override else []
    overridden += [f"rollback: {record.rollback}"] if record.rollback else []
    return [*overridden, *(reason for reason in record.verdict.reasons if reason not in told)]


def no_markdown(text: str) -> str:
    """As it is where Markdown is read: no emphasis, no link, no heading, no list."""
    return _NUMBERED.sub(r"\1\\.", _MARKDOWN.sub(r"\\\g<0>", text))
