"""What shows that a run waits: one live table on a terminal, else a line for each change.

The table is Rich's, which is imported only here, and only where somebody can see it.
"""

from __future__ import annotations

import os
import sys
import threading
from contextlib import contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING, NamedTuple, TextIO

import pytest

from pytest_storedog_gate.outlets.plain_text import encodable, line
from pytest_storedog_gate.pytest_side.reporting import terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator
    from contextlib import AbstractContextManager

    from rich.live import Live
    from rich.table import Table

_PER_SECOND = 4
_AROUND = 4  # lines of a screen that are not rows: the title, the heads, and some of what is above
_BESIDE = 26  # columns of a screen for what is beside ID and name: states, seconds and gaps
_STYLES = {"passed": "green", "failed": "bold red", "no verdict": "bold yellow"}


class Row(NamedTuple):
    """One check: its ID and name, `waiting` or how it ended, and for how long, in seconds.

    What is `watched` has a row as well, and is no check.
    """

    public_id: str
    name: str
    state: str
    seconds: float
    watched: bool = False


class Lines:
    """One line for each change, for logs and for terminals that cannot move the cursor."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def say(self, text: str) -> None:
        terminal.progress(self._config, text)

    def waiting(self) -> AbstractContextManager[Callable[[str], None]]:
        """Gives what takes a line about the waiting now and then."""
        return nullcontext(self.say)

    def close(self) -> None:
        """There is nothing to take away."""


class LiveTable:
    """The table, while at least one thread waits and nothing else is written.

    It leaves nothing behind: the cursor goes back to where pytest has left it.
    """

    def __init__(
        self, config: pytest.Config, file: TextIO, rows: Callable[[], Iterable[Row]]
    ) -> None:
        from rich import live  # noqa: PLC0415
        from rich.console import Console  # noqa: PLC0415  # see above

        self._config, self._rows = config, rows
        writer = config.get_terminal_writer()
        self._console = Console(
            file=file, force_terminal=True, no_color=not writer.hasmarkup, highlight=False
        )
        self._new: Callable[[], Live] = lambda: live.Live(
            get_renderable=self._table,
            console=self._console,
            refresh_per_second=_PER_SECOND,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._live: Live | None = None
        self._column = 0
        self._waiting = self._hidden = 0
        self._closed = False
        self._lock = threading.RLock()

    def say(self, text: str) -> None:
        with self._hiding():
            terminal.progress(self._config, text)

    @contextmanager
    def waiting(self) -> Iterator[Callable[[str], None]]:
        """Shows the table during the block, whose thread only waits; no line is needed."""
        with self._counted("_waiting"):
            yield lambda _line: None

    def close(self) -> None:
        with self._lock:
            self._closed = True
        self._paint()

    # -- over workers others wait, while pytest writes in the main thread -----------------------

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logreport(self) -> Generator[None, object, object]:
        with self._hiding():
            return (yield)

    pytest_runtest_logstart = pytest_runtest_logfinish = pytest_runtest_logreport
    pytest_collectreport = pytest_runtest_logreport

    @contextmanager
    def _hiding(self) -> Iterator[None]:
        with self._counted("_hidden"):
            yield

    @contextmanager
    def _counted(self, counter: str) -> Iterator[None]:
        self._count(counter, 1)
        try:
            yield
        finally:
            self._count(counter, -1)

    def _count(self, counter: str, more: int) -> None:
        with self._lock:
            setattr(self, counter, getattr(self, counter) + more)
        self._paint()

    @property
    def _wanted(self) -> bool:
        return self._waiting > 0 and not self._hidden and not self._closed

    def _paint(self) -> None:
        with self._lock:
            if self._wanted is (self._live is not None):
                return
        # A Ctrl-C reaches the main thread alone: here it would leave half a table.
        painter = threading.Thread(target=self._show_or_hide)
        painter.start()
        painter.join()

    def _show_or_hide(self) -> None:
        # No run ends because it cannot be written.
        with self._lock, suppress(OSError, ValueError):
            wanted = self._wanted
            if wanted and self._live is None:
                self._show()
            elif self._live is not None and not wanted:
                self._hide(self._live)

    def _show(self) -> None:
        writer = self._config.get_terminal_writer()
        writer.flush()
        self._column = writer.width_of_current_line
        if self._column:
            self._console.file.write("\n")
        self._live = self._new()
        self._live.start(refresh=False)  # a short wait shows none

    def _hide(self, live: Live) -> None:
        from rich.control import Control  # noqa: PLC0415

        self._live = None
        live.stop()
        if self._column:
            self._console.control(Control.move_to_column(self._column, -1))
        self._console.file.flush()

    def _table(self) -> Table:
        from rich.table import Table  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415

        rows = sorted(self._rows(), key=lambda row: (row.seconds, row.public_id))
        checks = [row for row in rows if not row.watched]
        done = sum(row.state != "waiting" for row in checks)
        table = Table(
            title=f"{done} of {len(checks)} checks are done", title_justify="left", box=None
        )
        table.add_column("check", no_wrap=True, overflow="ellipsis")
        table.add_column("name", no_wrap=True)
        table.add_column("state", no_wrap=True)
        table.add_column("seconds", no_wrap=True, justify="right")
        ids = max((len(row.public_id) for row in rows), default=0)
        for row in rows[-max(self._console.height - _AROUND, 1) :]:
            name = Text(encodable(line(row.name), self._console.encoding))
            # Rich would take from the other columns as well.
            name.truncate(max(self._console.width - ids - _BESIDE, 1), overflow="ellipsis")
            state = Text(row.state, style=_STYLES.get(row.state, ""))
            table.add_row(Text(line(row.public_id)), name, state, Text(f"{row.seconds:.1f}"))
        return table


def shown_on(config: pytest.Config, rows: Callable[[], Iterable[Row]]) -> Lines | LiveTable:
    """The table where it can be seen: on a terminal, with pytest's reporter and Rich."""
    file = _terminal()
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if file is None or not isinstance(reporter, pytest.TerminalReporter):
        return Lines(config)
    try:
        return LiveTable(config, file, rows)
    except ImportError:
        return Lines(config)


def _terminal() -> TextIO | None:
    """A way to the terminal that nothing captures, where the cursor can move and no log is kept."""
    # A CI system keeps what it shows, also where it pretends to be a terminal.
    if os.environ.get("TERM", "dumb") in ("dumb", "unknown") or os.environ.get("CI"):
        return None
    try:
        if sys.__stdout__ is None or not sys.__stdout__.isatty():
            return None
        number = os.dup(sys.__stdout__.fileno())
    except (OSError, ValueError):
        return None
    return os.fdopen(number, "w", encoding=sys.__stdout__.encoding, errors="backslashreplace")
