"""`startUrlSubstitutionRegex`: `regex|replacement` or `s/regex/replacement/flags`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_storedog_gate.local_synthetics.javascript.regular_expressions import compile_javascript

if TYPE_CHECKING:
    from pytest_storedog_gate.local_synthetics.javascript.regular_expressions import Pattern

_SED = re.compile(r"s([^\w\s])((?:\\.|(?!\1)[^\\])*)\1((?:\\.|(?!\1)[^\\])*)\1([a-z]*)", re.DOTALL)


@dataclass(frozen=True)
class Substitution:
    """A regular expression and its replacement, in JavaScript's syntax."""

    pattern: Pattern
    replacement: str

    def apply(self, text: str) -> str:
        """`text` with the first match replaced, or all of them when the flags say `g`.

        Raises MatchTimeout.
        """
        return self.pattern.replace(text, self.replacement)


def parse_substitution(text: str) -> Substitution:
    """Read either form. Raises ValueError with a sentence."""
    if sed := _SED.fullmatch(text):
        delimiter, pattern, replacement, flags = sed.groups()
        pattern = pattern.replace(f"\\{delimiter}", delimiter)
        replacement = replacement.replace(f"\\{delimiter}", delimiter)
        return Substitution(compile_javascript(pattern, flags), replacement)
    parts = text.split("|")
    if len(parts) != 2:
        raise ValueError(
            f"{text!r} must be regex|replacement with one |, or s/regex/replacement/flags"
        )
    return Substitution(compile_javascript(parts[0]), parts[1])
