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

from pytest_storedog_gate.outlets.plain_text import encodable, line, long_line
from pytest_storedog_gate.pytest_side.reporting import standard_error
from pytest_storedog_gate.reports import summary as summary_of
from pytest_storedog_gate.verdicts.rule import State

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from pytest_storedog_gate.verdicts.record import Record


_TOLD = 3  # lines of a failure: see `failure_text.of_check`


def progress(config: pytest.Config, text: str) -> None:
    """One line about what has just been done. No run ends because it cannot be written."""
    with suppress(OSError):
        _write(config, [f"storedog-gate: {long_line(text)}"])


def table(config: pytest.Config, lines: Iterable[str]) -> None:
    """Lines as they are, as wide as they are. Raises OSError where they cannot be written out."""
    _write(config, lines)


def make_encodable(report: pytest.TestReport) -> None:
    """Escapes in a failed report what the terminal's encoding lacks.

    A reporter may write the text as a whole: pytest would escape the breaks in it as well.
    """
    if report.failed:
        text = report.longreprtext
        shown = encodable(text, _encoding())
        if shown != text:
            report.longrepr = shown


def shorten_message(report: pytest.TestReport) -> None:
    """Leaves of a check's failure one line: the check, where, and the first reason.

    It is what pytest's short summary shows, whole where `CI` is set, and JUnit has as `message`.
    """
    crash = getattr(report.longrepr, "reprcrash", None)
    if crash is not None:
        crash.message = line(" ".join(crash.message.splitlines()[:_TOLD]))


def summary(config: pytest.Config, record: Record, written: Mapping[str, Path | None]) -> None:
    """All but the verdict's own line. Raises OSError where it cannot be written out."""
    lines = list(summary_of.lines(record, repeating(config), written))
    if config.getoption("verbose", 0) > 0:
        lines.append(summary_of.time_line(record))
    opened = record.verdict.state is State.OPEN
    _write(config, lines, title="storedog gate", green=opened, red=not opened)


def last_line(config: pytest.Config, record: Record, notes: Sequence[str] = ()) -> None:
    """The `notes`, and the verdict in one line.

    All is decided, so nothing may come of output that breaks off here: it is given up.
    """
    opened = record.verdict.state is State.OPEN
    try:
        _write(config, map(line, notes))
        _write(config, [summary_of.verdict_line(record)], bold=True, green=opened, red=not opened)
    except OSError:
        with suppress(OSError, ValueError, AttributeError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno())  # type: ignore[union-attr]


def repeating(config: pytest.Config) -> list[str]:
    """The words that ask for the same checks service in the same environment."""
    flags = ("--storedog-env", "--storedog-config", "--synthetics-backend", "--synthetics-url")
    given = ((flag, config.getoption(flag)) for flag in flags)
    return ["pytest", *(f"{flag}={value}" for flag, value in given if value)]


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
                standard_error.write(text)
            return
        try:
            reporter = config.pluginmanager.get_plugin("terminalreporter")
            if isinstance(reporter, pytest.TerminalReporter):
                reporter.ensure_newline()  # it keeps in mind whose line it is
            if writer.width_of_current_line:
                writer.line()  # dots of xdist, or of another reporter
            if title:
                writer.sep("=", title, **markup)
            for text in lines:
                writer.line(encodable(text, _encoding()), **({} if title else markup))
            writer.flush()  # who reads a pipe or a log waits for it
        except ValueError as error:  # somebody has closed the stream
            raise OSError(str(error)) from None


def _encoding() -> str:
    return getattr(sys.__stdout__, "encoding", None) or "utf-8"
