"""A terminal of 80 columns with pytest on it, and what its screen has shown."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import pyte

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

COLUMNS, LINES = 80, 24
TITLE = "checks are done"


@dataclass(frozen=True)
class Shown:
    """The exit status; each screen with the table, and all lines that were left at the end."""

    status: int
    tables: list[list[str]]
    left: list[str]
    raw: bytes
    cursor_hidden: bool


def _size(terminal: int, columns: int) -> None:
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, columns, 0, 0))


def run(
    args: Sequence[str],
    cwd: Path,
    *,
    on_table: Callable[[int], None] = lambda _terminal: None,
    environment: Mapping[str, str] = MappingProxyType({}),
) -> Shown:
    """Runs pytest on it; `on_table` is called once, with the terminal, when the table is there."""
    ours, theirs = pty.openpty()
    _size(theirs, COLUMNS)
    screen = pyte.HistoryScreen(COLUMNS, LINES, history=2000)
    stream = pyte.ByteStream(screen)
    tables: list[list[str]] = []
    raw = b""
    with subprocess.Popen(
        [sys.executable, "-m", "pytest", *args],
        cwd=cwd,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm-256color", **environment},
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509  # for Ctrl-C
    ) as process:
        os.close(theirs)
        try:
            while said := _read(ours):
                raw += said
                stream.feed(said)
                shown = [line.rstrip() for line in screen.display]
                if _whole(shown):
                    if not tables:
                        on_table(ours)
                    tables.append(shown)
            status = process.wait(30)
        finally:
            process.kill()
            os.close(ours)
    past = ["".join(line[i].data for i in range(COLUMNS)).rstrip() for line in screen.history.top]
    left = [*past, *(line.rstrip() for line in screen.display)]
    return Shown(status, tables, left, raw, bool(screen.cursor.hidden))


def narrow(terminal: int) -> None:
    """Makes the terminal half as wide."""
    _size(terminal, COLUMNS // 2)


def _whole(shown: Sequence[str]) -> bool:
    """Whether the table is there with its heads and two rows, and not half painted."""
    below = [shown[number + 1 : number + 4] for number, line in enumerate(shown) if TITLE in line]
    return any(len(rows) == 3 and all(rows) for rows in below)


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # nobody has the other end any more
        return b""
