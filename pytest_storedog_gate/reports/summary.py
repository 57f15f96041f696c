"""The record as the lines that end a run's output, and the verdict in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_storedog_gate.outlets.plain_text import block, command_line, line, long_line
from pytest_storedog_gate.reports.glance import (
    WORDS,
    WORST_FIRST,
    headline,
    other_reasons,
    word,
)
from pytest_storedog_gate.verdicts.record import Mode
from pytest_storedog_gate.verdicts.rule import State

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from pytest_storedog_gate.verdicts.record import Record
    from pytest_storedog_gate.verdicts.rule import CheckVerdict

_WIDEST = 60  # characters of a name that others are aligned with
_MOST_PASSED = 20  # checks that passed, listed one by one
_NAMED = 5  # IDs in one line
_REASONS = 5  # lines of a check's reason; its own failure has them all
_SHOWN = 0.005  # s of a part that is shown


def lines(
    record: Record, command: Sequence[str], written: Mapping[str, Path | None] | None = None
) -> Iterator[str]:
    """The checks, what was deployed, and the reasons: all but the verdict's own line.

    `command` asks for the same checks service in the same environment; `written` are the files
    that the record was written to, by what they are called.
    """
    if record.batches:
        yield from _checks(record)
    else:
        named = _named([check.public_id for check in record.checks])
        yield f"no check was run: {named}" if named else "no check was run"
    yield from _watched(record)
    yield from (f"batch: {line(batch.batch_url)}" for batch in record.batches if batch.batch_url)
    if record.calls:
        yield f"calls to Synthetics: {record.calls}"
    if record.deployment is not None:
        targets = ", ".join(record.deployment.targets)
        where = f" at {targets}" if targets else ""
        yield f"deployed{where}: {line(str(record.deployment.image))}"
    if record.rolled_back:
        yield line(record.rolled_back)
    yield from (f"{what}: {long_line(str(p))}" for what, p in (written or {}).items() if p)
    for reason in other_reasons(record):
        first, *others = block(reason).splitlines() or [""]
        yield from (first, *_indented(others))
    yield from again(record, command)


def time_line(record: Record) -> str:
    """Where the run's time went, and what the longest wait was for."""
    told = [
        f"{line(part)} {spent:.2f}" for part, spent in record.seconds.items() if spent >= _SHOWN
    ]
    if record.read_beside >= _SHOWN:
        told.append(f"beside these the checks were read for {record.read_beside:.2f}")
    if record.slowest is not None:
        told.append(f"and the slowest check took {record.slowest:.2f}")
    return f"time: {sum(record.seconds.values()):.2f} s: {', '.join(told)}"


def again(record: Record, command: Sequence[str]) -> list[str]:
    """A command line that runs just the checks that did not pass, and deploys nothing."""
    failed = [check.public_id for check in record.checks if check.state is not State.OPEN]
    # Without any outcome it was not the checks that went wrong.
    if not failed or not any(check.outcome for check in record.checks):
        return []
    words = [*command, "--storedog-deploy=never", *(f"--synthetics-id={line(p)}" for p in failed)]
    return ["run them again: " + command_line(words)]


def verdict_line(record: Record) -> str:
    if record.mode is not Mode.DECIDES:
        return f"{headline(record)}; nothing was deployed or recorded"
    return f"{headline(record)}, exit status {record.verdict.exit_status:d}"


def _checks(record: Record) -> Iterator[str]:
    """A line for each check and one for those that are only counted; what is bad comes first.

    A reason that several checks have is told once.
    """
    names = {public_id: line(name) for public_id, name in record.names.items()}
    width = min(max(map(len, names.values()), default=0), _WIDEST)
    passed = [check for check in record.checks if check.state is State.OPEN]
    listed = passed
    if len(passed) > _MOST_PASSED:
        listed = [check for check in passed if _retries(check)][:_MOST_PASSED]
    bad = [check for check in record.checks if check.state is not State.OPEN]
    bad.sort(key=lambda check: (WORST_FIRST.index(check.state), check.reason))
    before = ""
    for check in (*bad, *listed):
        text = f"{line(check.public_id)}  {names.get(check.public_id, ''):<{width}}"
        text += f"  {word(check)}"
        if retries := _retries(check):
            text += f" after {retries + 1} attempts"
        reason = _own_reason(record, check)
        if reason and reason == before:
            yield f"{text}, as above"
        else:
            yield text
            yield from _indented(_first_lines(block(reason).splitlines()))
        before = reason
    if others := len(passed) - len(listed):
        yield f"{others} more checks passed" if listed else f"{others} checks passed"


def _watched(record: Record) -> Iterator[str]:
    """A line for each that was watched; its reason is one of the run's."""
    if record.deployment is None and record.failure:
        return  # it did not come so far
    for each in record.watched:
        title = f"  {line(each.title)}" if each.name.startswith("datadog:") else ""
        yield f"{line(each.called)}{title}  {WORDS[each.state]} after {each.seconds:.0f} s"


def _own_reason(record: Record, check: CheckVerdict) -> str:
    """What is to be said of this check alone: what stopped the run is said once, for all."""
    stopped = (record.failure or "").partition("\n")[0]
    return "" if stopped and stopped in check.reason else check.reason


def _first_lines(lines: Sequence[str]) -> Iterator[str]:
    yield from lines[:_REASONS]
    if (more := len(lines) - _REASONS) > 0:
        yield f"and {more} more lines, which the check's own failure has"


def _retries(check: CheckVerdict) -> int:
    return max((r.retries for r in check.outcome.results), default=0) if check.outcome else 0


def _indented(texts: Iterable[str]) -> Iterator[str]:
    return (f"    {text}" for text in texts)


def _named(public_ids: Sequence[str]) -> str:
    more = len(public_ids) - _NAMED
    named = ", ".join(map(line, public_ids[:_NAMED]))
    return f"{named} and {more} more" if more > 0 else named
