"""What the run says on the terminal: plain lines, and the verdict as the very last one.

Every line is written by itself: pytest escapes a text that it cannot encode as a whole, its breaks
too. Nothing of it needs a certain reporter: a plugin may have put its own in the place of pytest's.
"""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.outlets.plain_text import block, command_line, encodable, line, long_line
from pytest_storedog_gate.verdicts.rule import State

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from _pytest._io import TerminalWriter

    from pytest_storedog_gate.gate.run import GateRun
    from pytest_storedog_gate.verdicts.rule import CheckVerdict, Verdict

_MARKS = {State.OPEN: "passed", State.CLOSED: "FAILED", State.INCONCLUSIVE: "NO VERDICT"}
_WIDEST = 60  # characters of a name that others are aligned with
_MOST_PASSED = 20  # checks that passed, listed one by one
_NAMED = 5  # IDs in one line


def progress(config: pytest.Config, text: str) -> None:
    """One line about what has just been done. No run ends because it cannot be written."""
    with suppress(OSError):
        _write(config, [f"storedog-gate: {long_line(text)}"])


def raw(text: str) -> None:
    """One line past pytest's own reporter. No run ends because it cannot be written."""
    with suppress(OSError, ValueError):
        _write_error(text)


def flush(config: pytest.Config) -> None:
    """Ends the line that is being written, and empties the buffer, where that is possible."""
    with suppress(OSError):
        _write(config, [])


def make_encodable(report: pytest.TestReport) -> None:
    """Escapes in a failed report what the terminal's encoding lacks.

    A reporter may write the text as a whole: pytest would escape the breaks in it as well.
    """
    if report.failed:
        text = report.longreprtext
        shown = encodable(text, _encoding())
        if shown != text:
            report.longrepr = shown


def summary(config: pytest.Config, run: GateRun, verdict: Verdict) -> None:
    """The checks, what was deployed, and the reasons: all but the verdict's own line.

    Raises OSError where it cannot be written out.
    """
    lines = list(_lines(config, run, verdict))
    opened = verdict.state is State.OPEN
    _write(config, lines, title="storedog gate", green=opened, red=not opened)


def last_line(
    config: pytest.Config, run: GateRun, verdict: Verdict, notes: Sequence[str] = ()
) -> None:
    """The `notes`, and the verdict in one line.

    All is decided, so nothing may come of output that breaks off here: it is given up.
    """
    opened = verdict.state is State.OPEN
    try:
        _write(config, map(line, notes))
        _write(config, [_last_line(run, verdict)], bold=True, green=opened, red=not opened)
    except OSError:
        with suppress(OSError, ValueError, AttributeError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno())  # type: ignore[union-attr]


def again(config: pytest.Config, verdict: Verdict) -> list[str]:
    """A command line that runs just the checks that did not pass, and deploys nothing."""
    if not any(check.outcome for check in verdict.checks):
        return []  # it was not the checks that went wrong
    failed = [check.public_id for check in verdict.checks if check.state is not State.OPEN]
    if not failed:
        return []
    options = ("storedog_env", "storedog_config", "synthetics_backend", "synthetics_url")
    given = ((option, config.getoption(option)) for option in options)
    words = [f"--{option.replace('_', '-')}={value}" for option, value in given if value]
    words += ["--storedog-deploy=never", *(f"--synthetics-id={line(p)}" for p in failed)]
    return ["run them again: " + command_line(["pytest", *words])]


def _lines(config: pytest.Config, run: GateRun, verdict: Verdict) -> Iterator[str]:
    if run.batches:
        yield from _checks(run, verdict.checks)
    else:
        named = _named([check.public_id for check in verdict.checks])
        yield f"no check was run: {named}" if named else "no check was run"
    for batch in run.batches:
        yield f"batch: {line(batch.url)}"
    if run.calls:
        yield f"calls to Synthetics: {run.calls}"
    if run.deployment is not None:
        yield f"deployed: {line(str(run.deployment.image))}"
    if run.rolled_back:
        yield line(run.rolled_back)
    if run.settings.report is not None:
        yield f"report: {long_line(str(run.settings.report))}"
    told = {f"{check.public_id}: {check.reason}" for check in verdict.checks}
    for reason in verdict.reasons:
        if reason not in told:
            first, *others = block(run.settings.redact(reason)).splitlines() or [""]
            yield from (first, *_indented(others))
    yield from again(config, verdict)


def _checks(run: GateRun, checks: Collection[CheckVerdict]) -> Iterator[str]:
    """A line for each check and one for those that are only counted; what is bad comes first.

    A reason that several checks have is told once.
    """
    redact = run.settings.redact
    names = {check.public_id: line(redact(check.definition.name)) for check in run.checks}
    width = min(max(map(len, names.values()), default=0), _WIDEST)
    passed = [check for check in checks if check.state is State.OPEN]
    listed = passed
    if len(passed) > _MOST_PASSED:
        listed = [check for check in passed if _retries(check)][:_MOST_PASSED]
    bad = [check for check in checks if check.state is not State.OPEN]
    bad.sort(key=lambda check: (check.state is not State.CLOSED, check.reason))
    before = ""
    for check in (*bad, *listed):
        text = f"{line(check.public_id)}  {names.get(check.public_id, ''):<{width}}"
        text += f"  {_MARKS[check.state]}"
        if not check.required:
            text += " (not required)"
        if retries := _retries(check):
            text += f" after {retries + 1} attempts"
        reason = _own_reason(run, check)
        if reason and reason == before:
            yield f"{text}, as above"
        else:
            yield text
            yield from _indented(block(redact(reason)).splitlines())
        before = reason
    if others := len(passed) - len(listed):
        yield f"{others} more checks passed" if listed else f"{others} checks passed"


def _own_reason(run: GateRun, check: CheckVerdict) -> str:
    """What is to be said of this check alone: what stopped the run is said once, for all."""
    stopped = str(run.failure or "").partition("\n")[0]
    return "" if stopped and stopped in check.reason else check.reason


def _retries(check: CheckVerdict) -> int:
    return max((r.retries for r in check.outcome.results), default=0) if check.outcome else 0


def _indented(lines: Iterable[str]) -> Iterator[str]:
    return (f"    {text}" for text in lines)


def _named(public_ids: Sequence[str]) -> str:
    more = len(public_ids) - _NAMED
    named = ", ".join(map(line, public_ids[:_NAMED]))
    return f"{named} and {more} more" if more > 0 else named


def _last_line(run: GateRun, verdict: Verdict) -> str:
    required = [check for check in verdict.checks if check.required]
    passed = sum(check.state is State.OPEN for check in required)
    count = f"{passed}/{len(required)} checks passed"
    where = run.settings.environment.name
    if not run.settings.deploy:
        kind = "CHECKS PASSED" if verdict.state is State.OPEN else "CHECKS DID NOT PASS"
        return f"{kind} on {where}: {count}; nothing was deployed or recorded"
    state = verdict.state.value.upper()
    return f"GATE {state} for {where}: {count}, exit status {verdict.exit_status:d}"


def _write(config: pytest.Config, lines: Iterable[str], title: str = "", **markup: bool) -> None:
    """Writes out each line by itself, where nothing captures it; a title takes the markup.

    Raises OSError.
    """
    capture = config.pluginmanager.get_plugin("capturemanager")
    # A test may be waiting, and what is written then would be its captured output.
    with capture.global_and_fixture_disabled() if capture else nullcontext():
        try:
            writer = config.get_terminal_writer()
        except (AssertionError, AttributeError):  # there is no reporter, or it has another way
            for text in lines:
                _write_error(text)
            return
        try:
            _end_line(config, writer)
            if title:
                writer.sep("=", title, **markup)
            for text in lines:
                writer.line(encodable(text, _encoding()), **({} if title else markup))
            writer.flush()  # who reads a pipe or a log waits for it
        except ValueError as error:  # somebody has closed the stream
            raise OSError(str(error)) from None


def _end_line(config: pytest.Config, writer: TerminalWriter) -> None:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if isinstance(reporter, pytest.TerminalReporter):
        reporter.ensure_newline()  # it keeps in mind whose line it is
    if writer.width_of_current_line:
        writer.line()  # dots of xdist, or of another reporter


def _encoding() -> str:
    return getattr(sys.__stdout__, "encoding", None) or "utf-8"


def _write_error(text: str) -> None:
    if sys.__stderr__ is None:
        raise OSError("there is no standard error to write to")
    sys.__stderr__.write(text + "\n")
    sys.__stderr__.flush()
