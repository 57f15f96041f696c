"""JavaScript regular expressions, as definitions hold them: an engine of JavaScript matches them.

Without flags its meaning is V8's, which a test in tests/npm proves. What engines of different ages
read differently is refused: `(?i:a)`, and two groups of one name.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

from pytest_storedog_gate.local_synthetics.javascript.quickjs import (
    Function,
    JavaScriptError,
    LimitReached,
)

_LIMIT = 1.0  # s of CPU time for one match
_FLAGS = "gimsu"
_TEST = Function("(source, flags, text) => new RegExp(source, flags).test(text)")
_EXTRACT = Function(
    """(source, flags, text) => {
        const found = new RegExp(source, flags).exec(text);
        return found?.[found.length > 1 ? 1 : 0] ?? null;
    }"""
)
_REPLACE = Function(
    """(source, flags, text, replacement) =>
        text.replace(new RegExp(source, flags), replacement)"""
)
# `s/regex/replacement/flags`, with any delimiter.
_SED = re.compile(r"s([^\w\s])((?:\\.|(?!\1)[^\\])*)\1((?:\\.|(?!\1)[^\\])*)\1([a-z]*)", re.DOTALL)
_GROUP = re.compile(
    r"\\.|\[(?:\\.|[^\]\\])*\]|\(\?(?:(?P<modifiers>[a-z-]+):|<(?P<name>[^=!>][^>]*)>)", re.DOTALL
)

Substitution = Callable[[str], str]
"""Gives a text with what it matches replaced: see `Pattern.replace`."""


class MatchTimeout(Exception):
    """A match took too much time or memory; the text names the pattern."""


@dataclass(frozen=True)
class Pattern:
    """A valid pattern. Its methods raise MatchTimeout."""

    source: str
    flags: str = ""

    def found_in(self, text: str) -> bool:
        """Whether the pattern matches anywhere in `text`."""
        return bool(self._called(_TEST, text))

    def extracted_from(self, text: str) -> str | None:
        """The first group of the first match, or all of the match without groups; else None."""
        found: str | None = self._called(_EXTRACT, text)
        return found

    def replace(self, text: str, replacement: str) -> str:
        """`text` with its first match replaced, or all of them with the flag `g`.

        The replacement is in JavaScript's syntax: `$1`, `$<name>`, `$&`, `$$`.
        """
        return str(self._called(_REPLACE, text, replacement))

    def _called(self, function: Function, *arguments: str) -> Any:
        try:
            return function(self.source, self.flags, *arguments, seconds=_LIMIT)
        except LimitReached as reached:
            raise MatchTimeout(
                f"regular expression {self.source!r} {reached}: it backtracks too much"
            ) from None


@lru_cache(maxsize=256)  # a check compiles its patterns before it runs, and again on the answer
def compile_javascript(source: str, flags: str = "") -> Pattern:
    """Compile `source`. Raises ValueError with a sentence that names the pattern."""
    for flag in flags:
        if flag not in _FLAGS:
            raise ValueError(f"regular expression flag {flag!r} is not supported")
    pattern = Pattern(source, flags)
    try:
        pattern.found_in("")
    except (JavaScriptError, MatchTimeout) as error:
        raise ValueError(f"regular expression {source!r} is not supported: {error}") from None
    if reason := _read_differently(source):
        raise ValueError(f"regular expression {source!r} is not supported: {reason}")
    return pattern


def _read_differently(source: str) -> str:
    names = set()
    for group in _GROUP.finditer(source):
        if group["modifiers"]:
            return f"not every engine knows the flags in the group {group[0]}"
        if group["name"] in names:
            return f"two groups have the name {group['name']}"
        names |= {group["name"]} - {None}
    return ""


def parse_substitution(text: str) -> Substitution:
    """Read `regex|replacement` or `s/regex/replacement/flags`. Raises ValueError that says so."""
    if sed := _SED.fullmatch(text):
        delimiter, pattern, replacement, flags = sed.groups()
        pattern = pattern.replace(f"\\{delimiter}", delimiter)
        replacement = replacement.replace(f"\\{delimiter}", delimiter)
        return partial(compile_javascript(pattern, flags).replace, replacement=replacement)
    parts = text.split("|")
    if len(parts) != 2:
        raise ValueError(
            f"{text!r} must be regex|replacement with one |, or s/regex/replacement/flags"
        )
    return partial(compile_javascript(parts[0]).replace, replacement=parts[1])
