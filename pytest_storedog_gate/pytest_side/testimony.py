"""What pytest reported of each selected test: a clean pass, or why not."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

RUNS = "storedog_runs"  # of a report of a test that uses the gate: how often it was run so far


class Testimony:
    """Hears reports on the controller. Only one passing call report, and nothing else, is clean."""

    def __init__(self, items: Mapping[str, tuple[str, ...]]) -> None:
        """`items` maps node IDs to public IDs; it may still grow before the first report."""
        self._items = items
        self._selected: list[str] = []
        self._heard: set[str] = set()
        self._flaws: dict[str, str] = {}
        self._others: dict[str, str] = {}
        self.passes: Counter[str] = Counter()

    def expect(self, selected: Iterable[str]) -> None:
        self._selected = list(selected)

    def hear(self, report: pytest.TestReport) -> None:
        self._heard.add(report.nodeid)
        flaw = _flaw(report)
        if report.nodeid not in self._items:
            if flaw and (report.failed or (hasattr(report, RUNS) and not _harmless(report))):
                self._others.setdefault(report.nodeid, f"{report.nodeid}: {flaw}")
            return
        if flaw is not None:
            self._flaws.setdefault(report.nodeid, flaw)
        elif report.when == "call" and not isinstance(report, pytest.SubtestReport):
            self.passes[report.nodeid] += 1

    def broken(self) -> list[str]:
        """What speaks against tests that no check decides on: a failure, or one that is hidden."""
        return list(self._others.values())

    def silent(self) -> list[str]:
        """The selected tests without any report."""
        return [name for name in self._selected if name not in self._heard]

    def flaws(self) -> dict[str, str | None]:
        """For each check: None if all its tests passed cleanly, else the first flaw."""
        found: dict[str, str | None] = {}
        for node_id, public_ids in self._items.items():
            flaw = self._flaw_of(node_id)
            for public_id in public_ids:
                found[public_id] = found.get(public_id) or flaw
        return found

    def _flaw_of(self, node_id: str) -> str | None:
        if node_id in self._flaws:
            return self._flaws[node_id]
        passes = self.passes[node_id]
        if passes == 1:
            return None
        return f"its test ran {passes} times" if passes else "its test did not run"


def _flaw(report: pytest.TestReport) -> str | None:
    # `rerun` is pytest-rerunfailures' outcome; a report type of pytest's own cannot have it.
    if str(report.outcome) == "rerun":
        return "its test was rerun, which hides the first failure"
    if (runs := getattr(report, RUNS, 1)) > 1:
        return f"its test ran {runs} times, which hides what the first time said"
    if hasattr(report, "wasxfail"):
        return "its test is marked xfail"
    if report.outcome == "skipped":
        return "its test was skipped"
    if report.outcome == "failed":
        return f"its test failed: {_said(report)}"
    return None


def _harmless(report: pytest.TestReport) -> bool:
    """Whether the project's own test said beforehand that it proves nothing."""
    return report.outcome == "skipped" or hasattr(report, "wasxfail")


def _said(report: pytest.TestReport) -> str:
    """The exception of a failed test, in a line."""
    crash = getattr(report.longrepr, "reprcrash", None)
    text = crash.message if crash else str(report.longrepr or "")
    lines = [line.strip() for line in text.splitlines()]
    # xdist puts the worker's name before the text.
    return next((line for line in lines if line and not line.startswith("[gw")), "no reason given")
