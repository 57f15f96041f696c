"""Results for a person at a terminal: in colours, with a mark and the time of each step.

NO_COLOR (https://no-color.org) and a TERM that is `dumb` leave it at plain lines.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TextIO

from pytest_storedog_gate.datadog.models import Status
from pytest_storedog_gate.outlets.plain_text import line
from pytest_storedog_gate.synthetics_cli import printing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_storedog_gate.datadog.models import Result, Step

_RED, _GREEN, _YELLOW, _DIM, _BOLD = "31", "32", "33", "2", "1"
_COLOURS = {Status.PASSED: _GREEN, Status.FAILED: _RED, Status.NO_VERDICT: _YELLOW, None: _DIM}
_WORDS = {Status.PASSED: "ok", Status.FAILED: "FAILED", Status.NO_VERDICT: "??", None: "not run"}
_WIDEST = max(map(len, _WORDS.values()))


def is_for(stream: TextIO) -> bool:
    """Whether a person looks at it who wants colours."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return stream.isatty() and not plain


def lines_of(result: Result) -> Iterator[str]:
    """The lines of one result; what a target sent cannot steer the terminal."""
    head, *below = printing.lines_of(result)
    word = result.status.value.upper()
    yield _in(_COLOURS[result.status], word, _BOLD) + head.removeprefix(word)
    steps = {f"  {printing.step_line(number, step)}": step for number, step in _numbered(result)}
    for text in below:
        if text in steps:
            yield _step(steps[text])
        elif text.endswith(printing.BROKEN):
            yield _in(_RED, text)
        else:
            yield _in(_DIM, text) if result.status is Status.PASSED else text


def _numbered(result: Result) -> Iterator[tuple[int, Step]]:
    yield from enumerate(result.steps, 1)


def _step(step: Step) -> str:
    word = _in(_COLOURS[step.status], f"{_WORDS[step.status]:<{_WIDEST}}")
    seconds = f"{step.duration:8.2f} s" if step.status else " " * 10
    return f"  {word} {_in(_DIM, seconds)}  {line(step.name)}"


def _in(style: str, text: str, *more: str) -> str:
    return f"\x1b[{';'.join((style, *more))}m{text}\x1b[0m"
