"""JavaScript regular expressions, as definitions hold them, with a limit on the time of a match.

`re` decides what is accepted: what it cannot compile is refused. `regex` does the matching, since
`re` has no time limit and a pattern that backtracks without end would hold up the whole service.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import regex

if TYPE_CHECKING:
    from collections.abc import Callable

_LIMIT = 1.0  # s for one match
_TOKEN = re.compile(
    r"(?P<escape>\\.)|(?P<set>\[(?:\\.|[^\]\\])*\])|(?P<open>\[)"
    r"|(?P<brace>\{(?!\d+(?:,\d*)?\}))|(?P<end>\$)",
    re.DOTALL,
)
_PART = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]|\{(?P<least>\d+)(?:,\d*)?\}|.", re.DOTALL)
_MOST_PARTS = 10_000
_IN_SET = re.compile(r"\[|(?<=&)&|(?<=\|)\||(?<=~)~")  # Python's for `[[:alpha:]]` and `[a&&b]`
_FLAGS = {
    "i": re.IGNORECASE,
    "m": re.MULTILINE,
    "s": re.DOTALL,
    "u": re.NOFLAG,
    "g": re.NOFLAG,
}


class MatchTimeout(Exception):
    """A match took too long; the text names the pattern."""


@dataclass(frozen=True)
class Pattern:
    """A compiled pattern. Its methods raise MatchTimeout."""

    source: str
    _compiled: regex.Pattern[str] = field(repr=False)

    def found_in(self, text: str) -> bool:
        """Whether the pattern matches anywhere in `text`."""
        try:
            return self._compiled.search(text, timeout=_LIMIT) is not None
        except TimeoutError:
            raise self._timeout() from None

    def extracted_from(self, text: str) -> str | None:
        """The first group of the first match, or all of the match without groups; else None."""
        try:
            found = self._compiled.search(text, timeout=_LIMIT)
        except TimeoutError:
            raise self._timeout() from None
        if found is None:
            return None
        return found[1] if self._compiled.groups else found[0]

    def replace(
        self, text: str, replacement: Callable[[regex.Match[str]], str], *, everywhere: bool
    ) -> str:
        """`text` with its first match replaced, or with all of them."""
        count = 0 if everywhere else 1
        try:
            return self._compiled.sub(replacement, text, count=count, timeout=_LIMIT)
        except TimeoutError:
            raise self._timeout() from None

    def _timeout(self) -> MatchTimeout:
        return MatchTimeout(
            f"regular expression {self.source!r} took over {_LIMIT:g} s: it backtracks too much"
        )


def compile_javascript(source: str, flags: str = "") -> Pattern:
    """Compile `source`. Raises ValueError with a sentence that names the pattern."""
    combined = re.ASCII
    for flag in flags:
        if flag not in _FLAGS:
            raise ValueError(f"regular expression flag {flag!r} is not supported")
        combined |= _FLAGS[flag]
    try:
        translated = _TOKEN.sub(lambda token: _python(token, flags), source)
        re.compile(translated, combined)
        if _parts(translated) > _MOST_PARTS:
            raise re.error("its repetitions are too many")  # noqa: TRY301
        compiled = regex.compile(translated, int(combined))
    except (re.error, regex.error, RecursionError, OverflowError, ValueError) as error:
        raise ValueError(f"regular expression {source!r} is not supported: {error}") from None
    return Pattern(source, compiled)


def _parts(pattern: str) -> int:
    """The parts of a valid pattern when everything is written out that must be repeated.

    `regex` does so, and a dozen characters would be enough to take all of the memory.
    """
    outer: list[int] = []
    whole, last = 0, 0  # parts of the group that is open, and of what a count would repeat
    for part in _PART.finditer(pattern):
        if part[0] == "(":
            outer.append(whole)
            whole = 0
        elif part[0] == ")":
            last, whole = whole, outer.pop() + whole
        elif part["least"]:
            more = last * max(0, int(part["least"]) - 1)
            last, whole = last + more, whole + more
        else:
            last, whole = 1, whole + 1
    return whole


def _python(token: re.Match[str], flags: str) -> str:
    """What JavaScript and Python read differently, in Python's words."""
    text = token[0]
    if token["end"]:
        # Python's `$` also matches before a last newline, which would let `^ok$` pass on "ok\n".
        return "$" if "m" in flags else r"\Z"
    if token["open"]:
        raise re.error("unterminated character set")  # `re` would warn of it first
    if token["brace"]:
        return r"\{"  # `regex` would read `a{e}` as "nearly a", and both would `{,2}` as a count
    if text in {"[]", "[^]"}:
        return "(?!)" if text == "[]" else r"[\s\S]"
    if token["set"]:
        if "--" in text:
            raise re.error("-- in a set")
        return "[" + _IN_SET.sub(r"\\\g<0>", text[1:])
    return text
