"""The live table on a real terminal: there while a run waits, and gone without a trace."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import pytest

from tests.conftest import MODES, http_check
from tests.pytest_side.reporting import screen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import GateProject

NAME = "Läden 店\n\x1b[2J\x1b[31m[red]" + "x" * 100
BOTH = ("dis-cou-nts", "hea-lth-chk")
CHECKS = tuple(f" {public_id} " for public_id in BOTH)
WAYS = [
    ("no-xdist", ["-q"]),
    ("no-xdist", ["-vv", "--color=no"]),
    ("no-xdist", ["-s"]),
    ("n2", ["-v"]),
]


class Slow:
    """A shop whose answer to one path comes once it is let go."""

    def __init__(self, project: GateProject) -> None:
        self.let_go = threading.Event()
        project.shop.before_answer = self._hold_back

    def _hold_back(self, path: str) -> None:
        if path == "/health":
            self.let_go.wait(30)

    def on_table(self, _terminal: int) -> None:
        """The table is there, so that the answer may come a little later."""
        threading.Timer(1.0, self.let_go.set).start()


@pytest.fixture
def slow(project: GateProject) -> Iterator[Slow]:
    project.checks(
        http_check("dis-cou-nts", "/discount", NAME),
        http_check("hea-lth-chk", "/health", "the health route"),
    )
    project.shop.answers["/discount"] = (500, "<html><style>p{}\n</style><p>Out of stock</html>")
    slow = Slow(project)
    yield slow
    slow.let_go.set()


def press_ctrl_c(terminal: int) -> None:
    os.write(terminal, b"\x03")


def options(project: GateProject, mode: str, *more: str) -> list[str]:
    return [*MODES[mode], "--storedog-env=staging", *more]


@pytest.mark.parametrize(("mode", "more"), WAYS)
def test_the_table_is_there_and_gone(
    project: GateProject, slow: Slow, mode: str, more: list[str]
) -> None:
    shown = screen.run(options(project, mode, *more), project.path, on_table=slow.on_table)
    assert shown.status == 1
    rows = [row.split() for table in shown.tables for row in table if row.startswith(CHECKS)]
    states = {public_id: {row[-2] for row in rows if row[0] == public_id} for public_id in BOTH}
    assert "failed" in states["dis-cou-nts"]
    assert "waiting" in states["hea-lth-chk"]
    last = [row.split()[0] for row in shown.tables[-1] if row.startswith(CHECKS)]
    assert last == [*BOTH]  # the slowest one is the last
    assert not [line for line in shown.left if screen.TITLE in line or " waiting  " in line]
    assert not shown.cursor_hidden
    assert shown.left.count("GATE CLOSED for staging: 1/2 checks passed, exit status 1") == 1
    assert b"\x1b[31m[red]" not in shown.raw
    if "--color=no" in more:
        assert b"\x1b[1;31m" not in shown.raw
    if more == ["-s"]:
        (line,) = (line for line in shown.left if line.startswith("storedog.toml "))
        assert line.split()[1] == "F."


def test_ctrl_c_leaves_the_terminal_clean(project: GateProject, slow: Slow) -> None:
    for mode in ("no-xdist", "n2"):
        shown = screen.run(
            options(project, mode),
            project.path,
            on_table=press_ctrl_c,
        )
        assert shown.status == 2
        assert shown.tables
        assert not shown.cursor_hidden
        assert not [line for line in shown.left if screen.TITLE in line]
        last = "GATE INCONCLUSIVE for staging: 0/2 checks passed, exit status 2"
        assert any(line.startswith(last[:40]) for line in shown.left)


def test_a_terminal_that_gets_narrower_has_a_narrower_table(
    project: GateProject, slow: Slow
) -> None:
    def narrow(terminal: int) -> None:
        screen.narrow(terminal)
        slow.on_table(terminal)

    shown = screen.run(options(project, "no-xdist"), project.path, on_table=narrow)
    assert shown.status == 1
    rows = [line for line in shown.tables[-1] if line.lstrip().startswith("hea-lth-chk")]
    assert rows
    assert len(rows[-1]) <= screen.COLUMNS // 2


@pytest.mark.parametrize(
    "environment", [{"TERM": "dumb"}, {"CI": "true"}], ids=["dumb", "a CI system"]
)
def test_lines_where_no_cursor_moves_and_where_a_log_is_kept(
    project: GateProject, environment: dict[str, str]
) -> None:
    project.shop.answers["/discount"] = (500, "{}")
    shown = screen.run(
        options(project, "no-xdist", "--color=no"), project.path, environment=environment
    )
    assert shown.status == 1
    assert not shown.tables
    assert "storedog-gate: dis-cou-nts failed: the list of discounts" in shown.left
    assert b"\x1b[" not in shown.raw


def test_a_run_without_a_terminal_imports_no_table(project: GateProject) -> None:
    project.pytester.makeconftest(
        "import sys\ndef pytest_unconfigure(): print('rich' in sys.modules, file=sys.stderr)"
    )
    result = project.run()
    assert result.ret == 0
    assert result.errlines == ["False"]


def test_the_reason_comes_before_the_noise(
    project: GateProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = "<!DOCTYPE html><title>Sorry</title><style>p{}</style>" + "<p>\n" * 200 + "No stock"
    project.shop.answers["/discount"] = (500, page)
    monkeypatch.setenv("CI", "true")
    result = project.run()
    assert result.ret == 1
    result.stdout.fnmatch_lines(["  body: HTML: Sorry No stock (*"])
    assert len([line for line in result.outlines if line.strip()]) < 40
    (short,) = (line for line in result.outlines if line.startswith("FAILED "))
    assert short.endswith(
        "failed at Local (aws:eu-central-1): statusCode: expected is 200, actual 500"
    )
