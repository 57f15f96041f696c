"""Each fenced block of tutorial, how-to and README is proved as its row in `proofs.py` says.

What a page of the tutorial runs is run by `test_tutorial.py` and `tests/live`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.documentation.pages import Page, pages
from tests.documentation.proofs import PROOFS
from tests.documentation.walk import walking
from tests.repository import ROOT

if TYPE_CHECKING:
    from pathlib import Path

_README = Page(ROOT / "README.md")
PAGES = [*pages("tutorial", "how-to", "how-to/pipelines", "how-to/deploying"), _README]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_block_has_a_row_and_each_row_a_block(page: Page) -> None:
    rows = [begin for begin, _ in PROOFS.get(page.name, [])]
    blocks = [block.begin for block in page.blocks()]
    assert len(rows) == len(blocks), blocks
    for row, begin in zip(rows, blocks, strict=True):
        assert row
        assert begin.startswith(row)


def test_each_row_is_of_a_page() -> None:
    assert PROOFS.keys() <= {page.name for page in PAGES}


@pytest.mark.parametrize(
    "page", [p for p in PAGES if not p.name.startswith("tutorial")], ids=lambda p: p.name
)
def test_each_block_that_a_reader_does_not_follow_is_what_the_project_knows(
    page: Page, tmp_path: Path
) -> None:
    with walking(tmp_path) as walk:
        for block, (_, proof) in zip(page.blocks(), PROOFS.get(page.name, []), strict=True):
            proof(walk, block)
    assert "    pytest --" not in page.prose, "a command stands in a fenced block"
