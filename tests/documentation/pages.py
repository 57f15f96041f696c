"""The pages that people read, as they stand in the repository: headings, links, fenced blocks."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from tests.repository import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FENCE = re.compile(
    r"^(?P<indent> *)(?P<fence>```+)(?P<said>[^\n`]*)\n(?P<text>.*?)^(?P=indent)(?P=fence)$",
    re.DOTALL | re.MULTILINE,
)
_TITLE = re.compile(r'title="([^"]+)"')
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
_LINK = re.compile(r"\]\((?P<path>[^)\s#]*)(?P<anchor>#[^)\s]*)?\)")
_CODE = re.compile(r"`+[^`\n]*`+")


@dataclass(frozen=True)
class Block:
    """A fenced block: what language it is in, and the file or place that its title names."""

    page: str
    language: str
    title: str
    text: str

    @property
    def begin(self) -> str:
        """Its first line, by which a table names it."""
        return self.text.partition("\n")[0].strip()


@dataclass(frozen=True)
class Page:
    """A page; `name` is its path in docs/, or in the repository where it stands elsewhere."""

    path: Path

    @property
    def name(self) -> str:
        """How a table of the tests calls it."""
        return self.path.relative_to(ROOT).as_posix().removeprefix("docs/")

    @cached_property
    def text(self) -> str:
        """All of it."""
        return self.path.read_text("utf-8")

    @cached_property
    def prose(self) -> str:
        """The text without its fenced blocks."""
        return _FENCE.sub("", self.text)

    @property
    def anchors(self) -> set[str]:
        """What a link can lead to: the headings, as forges name them."""
        return {_slug(match[1]) for match in _HEADING.finditer(self.prose)}

    def blocks(self) -> list[Block]:
        """The fenced blocks, in their order."""
        return [self._block(match) for match in _FENCE.finditer(self.text)]

    def links(self) -> Iterator[tuple[str, str, str]]:
        """Each relative link: as written, the path that it leads to, and its anchor."""
        for match in _LINK.finditer(_CODE.sub("", self.prose)):
            if not re.match(r"[a-z]+:", match["path"]):
                yield match[0], self._target(match["path"]), (match["anchor"] or "")[1:]

    def _target(self, link: str) -> str:
        own = self.path.relative_to(ROOT).as_posix()
        return posixpath.normpath(posixpath.join(posixpath.dirname(own), link)) if link else own

    def _block(self, match: re.Match[str]) -> Block:
        language, _, more = match["said"].strip().partition(" ")
        title = _TITLE.search(more)
        text = re.sub(f"^{match['indent']}", "", match["text"], flags=re.MULTILINE)
        return Block(self.name, language, title[1] if title else "", text)


def pages(*folders: str) -> list[Page]:
    """The pages of these folders of docs/; without any, all that people read."""
    if folders:
        found = [path for name in folders for path in (ROOT / "docs" / name).glob("*.md")]
    else:
        found = [*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md")]
    return [Page(path) for path in sorted(found)]


def _slug(heading: str) -> str:
    words = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
