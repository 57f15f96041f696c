"""Whether a name says that its value is a secret: of a header, a parameter, a member, a variable.

A name is read by its words, so that `max_tokens`, `tokenizer` and `Idempotency-Key` hold none.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

_WORDS = re.compile(r"[A-Z]+(?=keys?(?![a-z]))|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_A-Za-z]+")
_MARKS = re.compile("[\u0300-\u036f]")
# Letters that are not another one with a mark.
_PLAIN = str.maketrans({"ł": "l", "\u0131": "i", "ø": "o", "đ": "d", "ß": "ss"})
_KNOWN: dict[str, Any] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))


def _known(key: str) -> list[str]:
    text: str = _KNOWN[key]
    return text.split()


_KEYS = [*product(_known("of_keys"), _known("keys"))]
_ENDINGS = (*_known("endings"), *map("".join, _KEYS))
_TOGETHER = {
    *(tuple(words.split()) for words in _KNOWN["together"].split(",")),
    *_KEYS,
    *product(_known("first_keys"), _known("after_keys")),
    *product(_known("of_codes"), ("code", "codes")),
    *product(_known("of_tokens"), ("tokens",)),
}
_SECRET = {*_known("secret"), *_known("passwords")}
_WORDS_IN_PASS, _STILL, _KIND = map(set, map(_known, ("words_in_pass", "still", "kind")))
_ABOUT = _KIND.union(_known("about"))
_UNLESS = {word: set(others.split()) for word, others in _KNOWN["unless"].items()}


@cache
def names_secret(name: str) -> bool:
    """Whether what is called `name` is a secret, e.g. `X-Api-Key`, `sessionId` or `PASSWORD`."""
    words = _words(name)
    if name == "tokenApiAuthentication":
        return False  # Datadog's word for where OAuth's client ID is sent: in a header or the body
    if name.isupper() and "-" not in name:
        heads = (words[: end + 1] for end in range(len(words)))
        return bool(words) and words[-1] not in _ABOUT and any(map(_ends, heads))
    while len(words) > 1 and not _ends(words) and (words[-1] in _STILL or words[-1].isdigit()):
        words.pop()
    return _ends(words)


def names_kind(name: str) -> bool:
    """Whether what is called `name` says of which kind a secret is, that it stands within."""
    return not _KIND.isdisjoint(_words(name)[-1:])


def _words(name: str) -> list[str]:
    """With `n` for `ñ`: a name is typed with its marks or without."""
    letters = _MARKS.sub("", unicodedata.normalize("NFKD", name.translate(_PLAIN)))
    return [word.lower() for word in _WORDS.findall(unicodedata.normalize("NFC", letters))]


def _ends(words: list[str]) -> bool:
    """Whether the last of the words is what a secret is called by."""
    if not words:
        return False
    last = words[-1]
    if last in _WORDS_IN_PASS or _UNLESS.get(last, set()).intersection(words):
        return (*words[-2:],) in _TOGETHER
    known = last in _SECRET or last.endswith(_ENDINGS)
    return known or any(tuple(words[-length:]) in _TOGETHER for length in (2, 3))
