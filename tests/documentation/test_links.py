"""Every relative link and anchor of the pages leads somewhere, and every page is led to."""

from __future__ import annotations

import pytest

from tests.documentation.pages import Page, pages
from tests.repository import ROOT


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_every_link_leads_to_a_file_and_a_heading(page: Page) -> None:
    wrong = []
    for written, path, anchor in page.links():
        there = ROOT / path
        if not there.exists():
            wrong.append(f"{written}: there is no {path}")
        elif anchor and (there.suffix != ".md" or anchor not in Page(there).anchors):
            wrong.append(f"{written}: {path} has no such heading")
    assert wrong == []


def test_the_pages_have_links_and_headings() -> None:
    found = pages()
    assert sum(1 for page in found for _ in page.links()) > 100
    assert all(page.anchors for page in found)


def test_every_page_is_in_the_navigation_and_every_folder_is_small() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text("utf-8").partition("\nnav:")[2]
    folders: dict[str, int] = {}
    for page in pages():
        if page.path.is_relative_to(ROOT / "docs"):
            assert f" {page.name}\n" in navigation
            folders[str(page.path.parent)] = folders.get(str(page.path.parent), 0) + 1
    assert max(folders.values()) <= 16
