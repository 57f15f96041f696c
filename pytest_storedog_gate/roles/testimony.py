"""What pytest reported of each required check's item: a clean pass, or why not."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest


class Testimony:
    """Hears reports on the controller. Only one passing call report, and nothing else, is clean."""

    def __init__(self, items: Mapping[str, str]) -> None:
        """`items` maps node IDs to public IDs; it may still grow before the first report."""
        self._items = items
        self._flaws: dict[str, str] = {}
        self._passes: Counter[str] = Counter()

    def hear(self, report: pytest.TestReport) -> None:
        """Takes one phase's report of any item."""
        if report.nodeid not in self._items:
            return
        flaw = _flaw(report)
        if flaw is not None:
            self._flaws.setdefault(report.nodeid, flaw)
        elif report.when == "call":
            self._passes[report.nodeid] += 1

    def flaws(self) -> dict[str, str | None]:
        """For each check: None if all its tests passed cleanly, else the first flaw."""
        found: dict[str, str | None] = {}
        for node_id, public_id in self._items.items():
            found[public_id] = found.get(public_id) or self._flaw_of(node_id)
        return found

    def _flaw_of(self, node_id: str) -> str | None:
        if node_id in self._flaws:
            return self._flaws[node_id]
        passes = self._passes[node_id]
        if passes == 1:
            return None
        return f"its test ran {passes} times" if passes else "its test did not run"


def _flaw(report: pytest.TestReport) -> str | None:
    # `rerun` is pytest-rerunfailures' outcome; a report type of pytest's own cannot have it.
    if str(report.outcome) == "rerun":
        return "its test was rerun, which hides the first failure"
    if hasattr(report, "wasxfail"):
        return "its test is marked xfail"
    if report.outcome == "skipped":
        return "its test was skipped"
    if report.outcome == "failed":
        return f"its test failed: {report.longreprtext.strip().partition(chr(10))[0]}"
    return None
