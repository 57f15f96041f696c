"""The table in docs/contributing/lab.md of what catches which release, row by row.

The live tests find it out.
STOREDOG_REWRITE=1 in the environment puts what they find into the document; otherwise it must be
there already.
"""

from __future__ import annotations

import os

from tests.repository import ROOT

DOCUMENT = ROOT / "docs" / "contributing" / "lab.md"
HEADING = "### What catches which release\n"
# Read before the tests begin: each of them has an environment without such variables.
_REWRITE = bool(os.environ.get("STOREDOG_REWRITE"))


def columns() -> list[str]:
    """The deployment, and the public IDs of checks."""
    return _table()[0][1:]


def rows() -> dict[str, list[str]]:
    """The cells of each release."""
    return {release: cells for release, *cells in _table()[2:]}


def hold(release: str, cells: list[str]) -> None:
    """Compares the row of a release with the document, or puts it there."""
    if _REWRITE:
        text = DOCUMENT.read_text("utf-8")
        head, heading, section = text.partition(HEADING)
        old, new = _line(release, rows()[release]), _line(release, cells)
        assert old in section
        DOCUMENT.write_text(head + heading + section.replace(old, new, 1), "utf-8")
    assert rows()[release] == cells


def _table() -> list[list[str]]:
    section = DOCUMENT.read_text("utf-8").partition(HEADING)[2].partition("\n#")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip().strip("`") for cell in line[1:-1].split("|")] for line in lines]


def _line(release: str, cells: list[str]) -> str:
    return "|".join(["", f" `{release}` ", *(f" {cell} " if cell else " " for cell in cells), "\n"])
