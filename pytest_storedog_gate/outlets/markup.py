"""The gist of an HTML document: its title and its words, for those who look for a reason."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_HTML = re.compile(r"\s*<(?:!doctype\s+html|html|head|body)[\s>]", re.IGNORECASE)
_UNSEEN = {"script", "style", "template", "svg", "noscript"}
_READ = 100_000  # characters; what is beyond them is no gist
_LONGEST = 200  # characters


def gist(text: str) -> str:
    """The document's title and first words in one line; any other text as it is."""
    if not _HTML.match(text):
        return text
    reader = _Words()
    reader.feed(text[:_READ])
    whole = " ".join(" ".join(reader.words).split())
    words = whole if len(whole) <= _LONGEST else f"{whole[:_LONGEST]}…"
    return f"HTML: {words or 'without words'} ({len(text)} characters)"


class _Words(HTMLParser):
    """Collects what a person would see. Never raises: HTML may be cut off, or none at all."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._unseen: str | None = None

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002  # its signature
        if self._unseen is None and tag in _UNSEEN:
            self._unseen = tag

    def handle_endtag(self, tag: str) -> None:
        if tag == self._unseen:
            self._unseen = None

    def handle_data(self, data: str) -> None:
        if self._unseen is None:
            self.words.append(data)
