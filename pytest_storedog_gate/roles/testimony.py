"""What pytest reported of each required check's item: a clean pass, or why not."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest


class Testimony:
    """Hears reports on the controller. Only one passing call report, and nothing else, is clean."""

    def __init__(self, items: Mapping[str, str]) -> None:
        """`items` maps node IDs to public IDs."""
        self._items = items
        self._flaws: dict[str, str] = {}
        self._passes: dict[str, int] = {}

    def hear(self, report: pytest.TestReport) -> None:
        """Takes one phase's report of any item."""
        public_id = self._items.get(report.nodeid)
        if public_id is None:
            return
        flaw = _flaw(report)
        if flaw is not None:
            self._flaws.setdefault(public_id, flaw)
        elif report.when == "call":
            self._passes[public_id] = self._passes.get(public_id, 0) + 1

    def flaws(self) -> dict[str, str | None]:
        """For each check whose item was heard of: None for a clean pass, else the flaw."""
        found: dict[str, str | None] = {}
        for public_id, passes in self._passes.items():
            found[public_id] = None if passes == 1 else f"its test ran {passes} times"
        return {**found, **self._flaws}


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
