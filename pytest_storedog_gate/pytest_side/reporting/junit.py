"""Test cases of the gate's own in JUnit XML, through pytest's own writer.

That takes reports, so it is given reports. They go to that writer alone, since the terminal would
count them as tests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from xml.etree.ElementTree import Element

    from pytest_storedog_gate.reports.junit import Case
    from pytest_storedog_gate.secrets.masking import Masker

_PHASES: tuple[Literal["setup", "call", "teardown"], ...] = ("setup", "call", "teardown")

# Whether pytest gives each case file and line.
_FAMILIES = {"full": "xunit1", "xunit": "xunit2"}
# All that the schema of Jenkins' xUnit plugin lets a case have, junit-10.xsd.
_XUNIT = {"name", "classname", "group", "time"}


class Writers:
    """What writes the JUnit files; kept, as pytest lets go of it when the session ends."""

    def __init__(self, config: pytest.Config, form: str | None = None) -> None:
        """`form` is that of `junit` in the configuration; None is what pytest is told."""
        # pytest's writer has no public name; this method is what marks it.
        plugins = config.pluginmanager.get_plugins()
        self._writers: list[Any] = [p for p in plugins if hasattr(p, "add_global_property")]
        self._form = form

    def choose(self) -> None:
        """Before the first report: which attributes cases will have."""
        if self._form is not None:
            for writer in self._writers:
                writer.family = _FAMILIES[self._form]

    def mask_recorded(self, mask: Masker) -> None:
        for writer in self._writers:
            writer.global_properties[:] = mask.document(writer.global_properties)

    def add(self, cases: Iterable[Case], line_of: Callable[[Case], int | None]) -> None:
        """Adds test cases, where a JUnit file is written at all, and gives all cases their form.

        `line_of` is told a case and answers the line that has to do with it, counted from 0.
        """
        for case in cases:
            for report in _reports(case, line_of(case)):
                for writer in self._writers:
                    writer.pytest_runtest_logreport(report)
        for writer in self._writers:
            # One of a test that was broken off has no name, which no reader takes.
            told = [one for one in writer.node_reporters_ordered if "name" in one.to_xml().attrib]
            if self._form == "xunit":
                told = [_Xunit(one.to_xml()) for one in told]
            writer.node_reporters_ordered[:] = told

    def write_again(self) -> None:
        """Writes the files once more, with what was added since. Raises OSError."""
        for writer in self._writers:
            writer.pytest_sessionfinish()


class _Xunit:
    """A case for readers that refuse what is not in their schema; it stands for pytest's own."""

    def __init__(self, case: Element) -> None:
        for properties in case.findall("properties"):
            case.remove(properties)
        for name in case.attrib.keys() - _XUNIT:
            del case.attrib[name]
        self._case = case

    def to_xml(self) -> Element:
        return self._case


def _reports(case: Case, line: int | None) -> Iterable[pytest.TestReport]:
    failing = {"passed": None, "failure": "call", "error": "setup"}[case.kind]
    path, _, name = case.node_id.partition("::")
    for when in _PHASES:
        if when == "call" and failing == "setup":
            continue
        yield pytest.TestReport(
            nodeid=case.node_id,
            location=(path, line, name),
            keywords={},
            outcome="failed" if when == failing else "passed",
            longrepr=case.text if when == failing else None,
            when=when,
            duration=case.seconds if when == "call" else 0.0,
            user_properties=list(case.properties),
        )
