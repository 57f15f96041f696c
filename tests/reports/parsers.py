"""Parsers that are others' packages: how forges and strict readers take what reports write."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lxml import etree
from markdown_it import MarkdownIt

from tests.html_page import Page

if TYPE_CHECKING:
    from collections.abc import Sequence

_XUNIT = etree.RelaxNG(etree.parse(Path(__file__).with_name("xunit.rng")))
# As forges read comments, but for what they clean away afterwards.
_MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def _any_link(url: str) -> bool:
    """Takes those as well that the library itself would leave out."""
    return bool(url)


_MARKDOWN.validateLink = _any_link  # type: ignore[method-assign]


def faults_of_xunit(file: Path) -> Sequence[str]:
    """Why Jenkins' xUnit plugin would leave a JUnit file out, a line each."""
    document = etree.parse(file)
    return [] if _XUNIT.validate(document) else str(_XUNIT.error_log).splitlines()


def html_of(markdown: str) -> str:
    """A comment as a page's part."""
    return str(_MARKDOWN.render(markdown))


def page_of_markdown(markdown: str) -> Page:
    """What a comment consists of."""
    return Page(html_of(markdown).encode())
