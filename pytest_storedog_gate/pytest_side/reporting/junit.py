"""Test cases of the gate's own in JUnit XML, through pytest's own writer.

That takes reports, so it is given reports. They go to that writer alone, since the terminal would
count them as tests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_storedog_gate.reports.junit import Case
    from pytest_storedog_gate.secrets.masking import Masker

_PHASES: tuple[Literal["setup", "call", "teardown"], ...] = ("setup", "call", "teardown")


class Writers:
    """What writes the JUnit files; kept, as pytest lets go of it when the session ends."""

    def __init__(self, config: pytest.Config) -> None:
        # pytest's writer has no public name; this method is what marks it.
        plugins = config.pluginmanager.get_plugins()
        self._writers: list[Any] = [p for p in plugins if hasattr(p, "add_global_property")]

    def mask_recorded(self, mask: Masker) -> None:
        for writer in self._writers:
            writer.global_properties[:] = mask.document(writer.global_properties)

    def add(self, cases: Iterable[Case]) -> None:
        """Adds test cases, where a JUnit file is written at all."""
        for case in cases:
            for report in _reports(case):
                for writer in self._writers:
                    writer.pytest_runtest_logreport(report)

    def write_again(self) -> None:
        """Writes the files once more, with what was added since. Raises OSError."""
        for writer in self._writers:
            writer.pytest_sessionfinish()


def _reports(case: Case) -> Iterable[pytest.TestReport]:
    failing = {"passed": None, "failure": "call", "error": "setup"}[case.kind]
    path, _, name = case.node_id.partition("::")
    for when in _PHASES:
        if when == "call" and failing == "setup":
            continue
        yield pytest.TestReport(
            nodeid=case.node_id,
            location=(path, None, name),
            keywords={},
            outcome="failed" if when == failing else "passed",
            longrepr=case.text if when == failing else None,
            when=when,
            duration=case.seconds if when == "call" else 0.0,
            user_properties=list(case.properties),
        )
