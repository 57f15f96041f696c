"""The rows of the tables in docs/explanation/differences.md."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from tests.npm.both import Scenario
from tests.npm.faults import IN_THE_DOCUMENT
from tests.repository import ROOT

DOCUMENT = ROOT / "docs" / "explanation" / "differences.md"


@dataclass(frozen=True)
class Row:
    """One row: what happens, the two command lines, the two exit statuses."""

    happens: str
    theirs: str
    their_status: int
    ours: str
    our_status: int

    @property
    def name(self) -> str:
        """The row's name among the tests."""
        return f"{self.happens}: {self.theirs or 'no arguments'}"

    @property
    def scenario(self) -> Scenario:
        """The row as something to run; what Datadog does wrong stands in its first words."""
        happens, _, variable = self.happens.partition(", with ")
        name, _, value = variable.partition("=")
        return Scenario(
            shlex.split(self.theirs),
            shlex.split(self.ours),
            environment={name: value} if name else {},
            faults=IN_THE_DOCUMENT.get(happens, ()),
        )


def rows() -> list[Row]:
    """Every row of the table."""
    return [
        Row(happens, theirs, int(status), ours, int(our_status))
        for happens, theirs, status, ours, our_status in _cells("## Green there, not here")
    ]


def differences() -> list[str]:
    """The names of what the document says to be different."""
    return [cells[0] for cells in _cells("## Where it differs")]


def _cells(heading: str) -> list[list[str]]:
    section = DOCUMENT.read_text(encoding="utf-8").partition(heading)[2].partition("\n## ")[0]
    table = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in table]
