"""What a misspelt word was meant to be."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def nearest(word: str, words: Iterable[str]) -> str | None:
    """The word that reads most like it; None where none does."""
    return next(iter(difflib.get_close_matches(word, list(words), n=1)), None)


def suggestion(word: str, words: Iterable[str]) -> str:
    """The end of a sentence about an unknown word: the one that was meant, else all."""
    known = sorted(words)
    if found := nearest(word, known):
        return f"; did you mean {found!r}?"
    return f"; known: {', '.join(known) or 'none'}"
