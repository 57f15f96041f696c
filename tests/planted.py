"""A word that is planted wherever a secret can stand, and looked for in all that comes out."""

from __future__ import annotations

import base64
import html
import json
import re
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Sequence

# Every planted value holds this word, and nothing else does.
WORD = "pl4nted"
ODD = f'{WORD}"&+ü\n'


def in_all_forms(texts: Sequence[str]) -> list[str]:
    """What a target may make of what it was sent."""
    return [
        *texts,
        *map(quote, texts),
        *map(quote_plus, texts),
        *map(html.escape, texts),
        *map(json.dumps, texts),
        *(base64.b64encode(one.encode()).decode() for one in texts),
        *(one.encode().hex() for one in texts),
    ]


def planted_in(text: str) -> list[str]:
    """Where the word stands in a text, in whatever form."""
    needles = {WORD, WORD.encode().hex()}
    for before in range(3):
        coded = base64.b64encode(b"x" * before + WORD.encode()).decode()
        needles.add(coded[(before * 8 + 5) // 6 : (before + len(WORD)) * 8 // 6])
    found = re.finditer("|".join(map(re.escape, needles)), text)
    return [text[max(0, match.start() - 60) : match.end() + 40] for match in found]
