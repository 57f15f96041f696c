"""Views of a text without what may stand within an encoded secret.

That are the ends of lines, and what is between octets that are written one by one. What is found in
a view has its place in the text itself.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# With what stands at the beginning of the next line: a margin, and in pytest's report its marks.
# Each way to begin has its first letter: else every place is tried, which takes five times as long.
_BREAKS = re.compile(r"(?:\\[rn]|\r|\n)(?:\\[rn]|[\r\n])*[ \t]*(?:E[ \t]+(?:[-+][ \t]+)?)?")
# With these Quoted-printable and YAML end a line that goes on.
_SOFT_BREAKS = re.compile(r"=\r?\n|\\\r?\n[ \t]*(?:\\(?=[ \t]))?")
# Not commas alone, as in lists of decimal numbers: 31, 32, 33 are days.
_BETWEEN_OCTETS = re.compile(
    r"(?<=[0-9A-Fa-f]{2})"
    r"(?:,\s*0x|(?:\\[rn]|[\s:;%_-])+(?:0x|\\{1,15}(?:x|u00)|&\#x)?|\\{1,15}(?:x|u00))"
    r"(?=[0-9A-Fa-f]{2})"
)
_NO_HEXADECIMAL = bytes(set(range(256)) - set(b"0123456789abcdefABCDEF"))
_DECIMAL_OR_BLANK = bytes(one if one in b"0123456789" else ord(" ") for one in range(256))


class View:
    """A text without its `gaps`."""

    def __init__(self, text: str, gaps: re.Pattern[str] | None = None) -> None:
        self._starts, self._removed = [0], [0]  # by place in the view, what is gone until there
        pieces, end, length = list[str](), 0, 0
        for gap in gaps.finditer(text) if gaps else ():
            pieces.append(text[end : gap.start()])
            end, length = gap.end(), length + gap.start() - end
            self._starts.append(length)
            self._removed.append(end - length)
        self.text = "".join((*pieces, text[end:]))

    def spans(self, pattern: re.Pattern[str]) -> Iterator[tuple[int, int]]:
        """Where the matches are in the text with its gaps."""
        for match in pattern.finditer(self.text):
            yield self._place(match.start()), self._place(match.end() - 1) + 1

    def _place(self, index: int) -> int:
        return index + self._removed[bisect_right(self._starts, index) - 1]


class Views:
    """The views of a text; each is made when it is first looked at."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def whole(self) -> View:
        """The text as it is."""
        return View(self.text)

    @cached_property
    def joined(self) -> View:
        """Without ends of lines, as mails and certificates break base64."""
        return View(self.text, _BREAKS)

    @cached_property
    def unfolded(self) -> View:
        """Without those ends of lines that only fold it; empty where there are none."""
        return View(self.text if _SOFT_BREAKS.search(self.text) else "", _SOFT_BREAKS)

    @cached_property
    def octets(self) -> View:
        """With octets in hexadecimal one after the other: of `7a:01`, `7A 01` and `0x7a, 0x01`."""
        return View(self.text, _BETWEEN_OCTETS)

    @cached_property
    def digits(self) -> str:
        """What digits `octets` can have, and quickly made."""
        octets = self.text.encode(errors="replace").replace(b"0x", b"").replace(b"u00", b"")
        return octets.translate(None, _NO_HEXADECIMAL).decode().lower()

    @cached_property
    def numbers(self) -> str:
        """The decimal numbers, with one blank between them."""
        octets = self.text.encode(errors="replace").translate(_DECIMAL_OR_BLANK)
        return " ".join(octets.decode().split())
