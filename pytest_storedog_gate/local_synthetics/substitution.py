"""`startUrlSubstitutionRegex`: `regex|replacement` or `s/regex/replacement/flags`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_storedog_gate.local_synthetics.regexes import Pattern, compile_javascript

if TYPE_CHECKING:
    import regex

_SED = re.compile(r"s([^\w\s])((?:\\.|(?!\1)[^\\])*)\1((?:\\.|(?!\1)[^\\])*)\1([a-z]*)", re.DOTALL)
_REFERENCE = re.compile(r"\$(?:(\$)|(&)|(\d{1,2})|<(\w+)>)")


@dataclass(frozen=True)
class Substitution:
    """A regular expression and its replacement, in JavaScript's syntax."""

    pattern: Pattern
    replacement: str
    everywhere: bool

    def apply(self, text: str) -> str:
        """`text` with the first match replaced, or all of them when the flags say `g`.

        Raises MatchTimeout.
        """
        return self.pattern.replace(text, self._expand, everywhere=self.everywhere)

    def _expand(self, match: regex.Match[str]) -> str:
        def value(reference: re.Match[str]) -> str:
            dollar, whole, number, name = reference.groups()
            if dollar:
                return "$"
            try:
                return match[0 if whole else name or int(number)] or ""
            except IndexError:
                return reference[0]  # JavaScript leaves a reference to no group as it is

        return _REFERENCE.sub(value, self.replacement)


def parse_substitution(text: str) -> Substitution:
    """Read either form. Raises ValueError with a sentence."""
    if sed := _SED.fullmatch(text):
        delimiter, pattern, replacement, flags = sed.groups()
        pattern = pattern.replace(f"\\{delimiter}", delimiter)
        replacement = replacement.replace(f"\\{delimiter}", delimiter)
        return Substitution(compile_javascript(pattern, flags), replacement, "g" in flags)
    parts = text.split("|")
    if len(parts) != 2:
        raise ValueError(
            f"{text!r} must be regex|replacement with one |, or s/regex/replacement/flags"
        )
    return Substitution(compile_javascript(parts[0]), parts[1], everywhere=False)
