"""A lesson of the tutorial, followed from its first block to its last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.documentation.pages import Page
from tests.documentation.proofs import PROOFS
from tests.documentation.walk import serves, walking, writes
from tests.repository import ROOT

if TYPE_CHECKING:
    from pathlib import Path


def follow(lesson: str, folder: Path, *before: str, **instead: str) -> None:
    """Follows a lesson in an empty folder; of those `before` only what they leave is there.

    `instead` says what stands in for a word of the lesson, as an image that is not here.
    """
    with walking(folder, **instead) as walk:
        for name in (*before, lesson):
            page = Page(ROOT / "docs" / "tutorial" / f"{name}.md")
            for block, (_, proof) in zip(page.blocks(), PROOFS[page.name], strict=True):
                if name == lesson or proof in (writes, serves):
                    proof(walk, block)
