"""Masking of secrets in texts and documents, whatever form they have taken on the way."""

from __future__ import annotations

import base64
import html
import html.entities
import json
import math
import re
import unicodedata
from contextlib import suppress
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cache, cached_property, lru_cache
from itertools import groupby
from operator import attrgetter, is_
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast
from urllib.parse import quote, quote_plus

from pytest_storedog_gate.secrets.views import View, Views

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping

T = TypeVar("T")

MASK = "********"
CUT = "…"
"""Ends a text that was cut, maybe within what was not known for a secret yet."""
_CUT = rf"(?:{CUT}|\\{{1,15}}u2026)"  # also in JSON
_ENDS_CUT = re.compile(_CUT)
LONGEST_SECRET = 10_000
"""Characters of a value that is found: to look for a longer one would hold up every check."""
_SHORTEST_ENCODED = 5  # characters: what shorter ones become is everywhere
_SHORTEST_LINE = 16  # of a secret of several lines, such as a private key
_SHORTEST_PART, _LONGEST_PART = 4, 60  # characters of a secret beside `...`
# Documents of many checks hold the same short texts.
_REMEMBERED, _SHORT = 8192, 256  # texts, and characters of one
_SHORTEST_NUMBER = 4  # digits: masking shorter numbers would hide only the result
# Of a string of JSON; that may be a part of a URL.
_SLASHES = r"(?:\\{1,15}|(?:%(?:25){0,3}5[Cc]){1,15})"
_BETWEEN_NUMBERS = r"(?:\\[rn]|[^0-9A-Za-z]){1,20}"
# SQL, CSV and YAML write a quote twice; a shell ends its string for one. Each may be escaped then.
_QUOTED_QUOTES = {"'": ("''", "'''", "'\"'\"'"), '"': ('""',)}
# Names of values that this program relies on, which others are found by: a secret that is a part of
# one, or a word like it, must not change it.
_IDENTIFIERS = frozenset(
    {
        "batch_id", "batch_url", "deploy_id", "device", "digest", "environment", "execution_rule",
        "id", "initial_result_id", "location", "operator", "previous_digest", "public_id",
        "requirements", "result_id", "result_url", "service", "state", "status", "type",
    }
)  # fmt: skip
# What is below these is a document of somebody else's: its names mean something else, and may be
# secrets themselves.
_FOREIGN = frozenset(
    {
        "actual", "cookies", "expected", "form", "headers", "metadata", "query", "target",
        "trailers", "val", "value",
    }
)  # fmt: skip
_NUMBER, _SEQUENCE = (int, float), (list, tuple)
# Whole answers of a service, of which nothing depends on any value.
_ANSWERS = frozenset({"detail", "timings"})


class _Whose(NamedTuple):
    """Whose document it is: the values `kept` as they are, and whether `names` are looked at."""

    kept: frozenset[str]
    names: bool

    def below(self, name: object) -> _Whose:
        return _ANSWER if name in _ANSWERS and self is _OURS else self


_OURS, _ANSWER, _THEIRS = (
    _Whose(_IDENTIFIERS, names=False),
    _Whose(frozenset(), names=False),
    _Whose(frozenset(), names=True),
)


class Masker:
    """Masks each of some secrets in a text: call it with the text.

    A secret is found plain, URL-encoded, escaped as in JSON, HTML, Python or JavaScript, and
    within base64, base32 and hexadecimal texts.
    """

    def __init__(self, secrets: Iterable[str], *, shortest: int = 1) -> None:
        """Secrets of fewer than `shortest` characters are left, as they are parts of many words."""
        own = frozenset(secrets), shortest
        self._secrets: tuple[tuple[frozenset[str], int], ...] = (own,)
        self._forms = _forms_of_all(*own)
        self._remembered = lru_cache(maxsize=_REMEMBERED)(self._shown)
        self._remembered_whole = lru_cache(maxsize=_REMEMBERED)(self._whole)

    def and_also(self, other: Masker) -> Masker:
        """One that masks what either of them does."""
        both = Masker(())
        both._secrets = (*self._secrets, *other._secrets)
        both._forms = {
            kind: tuple(dict.fromkeys((*self._forms.get(kind, ()), *other._forms.get(kind, ()))))
            for kind in {**self._forms, **other._forms}
        }
        return both

    def shortened(self, text: str) -> str:
        """The text without the secrets, also where `...` or `…` stands for a part of a value."""
        shown = self(text)
        if re.search(rf"\.{{3}}|{_CUT}", shown):
            for secrets, shortest in self._secrets:
                for pattern in _beginnings_and_ends(secrets, shortest):
                    shown = pattern.sub(MASK, shown)
        return shown

    def __call__(self, text: str) -> str:
        """The text without the secrets."""
        return self._remembered(text) if len(text) <= _SHORT else self._shown(text)

    def _shown(self, text: str) -> str:
        shown, end = [], 0
        # All are looked for in the same text: one secret may overlap another.
        for first, last in sorted(self._spans(Views(text))):
            if first >= end:
                shown += [text[end:first], MASK]
            end = max(end, last)
        return "".join((*shown, text[end:])) if shown else text

    def _spans(self, views: Views) -> Iterator[tuple[int, int]]:
        for kind, forms in self._forms.items():
            looked_in = kind.quick(views)
            for form in forms:
                if form.part in looked_in:
                    yield from kind.view(views).spans(form.pattern)

    def _whole(self, text: str) -> str:
        """A text of a document, which may have been cut."""
        return self.shortened(text) if _ENDS_CUT.search(text) else self(text)

    def document(self, data: T) -> T:
        """The same data with every text in it masked, below dataclasses, mappings and sequences.

        Identifiers and names of ours are left as they are. What holds nothing to mask is not made
        anew: documents of many checks are large, and most hold no secret.
        """
        return cast("T", self._masked(data, _OURS)) if self._forms else data

    def _masked(self, data: Any, whose: _Whose) -> Any:
        if isinstance(data, str):
            shown = self._remembered_whole(data) if len(data) <= _SHORT else self._whole(data)
            return data if shown == data else shown
        if data is None or isinstance(data, _NUMBER):
            number = str(data) if whose.names else ""
            hidden = len(number) >= _SHORTEST_NUMBER and self(number) == MASK
            return MASK if hidden else data
        if isinstance(data, dict):
            masked = {
                self(name) if whose.names and isinstance(name, str) else name: self._member(
                    name, value, whose
                )
                for name, value in data.items()
            }
            return (
                data if _same(data.values(), masked.values()) and [*data] == [*masked] else masked
            )
        if isinstance(data, _SEQUENCE):
            values = [self._masked(value, whose) for value in data]
            return data if _same(data, values) else type(data)(values)
        if members := _members(cast("Hashable", type(data))):
            own = [getattr(data, name) for name in members]
            values = [self._member(*each, whose) for each in zip(members, own, strict=True)]
            if _same(own, values):
                return data
            return replace(data, **dict(zip(members, values, strict=True)))
        return data

    def _member(self, name: object, value: Any, whose: _Whose) -> Any:
        if name in whose.kept and not isinstance(value, dict):
            return value
        return self._masked(value, _THEIRS if name in _FOREIGN else whose.below(name))


@cache
def _members(kind: Hashable) -> tuple[str, ...]:
    """The names of a dataclass's fields; none where it is no such class."""
    return tuple(field.name for field in fields(kind)) if is_dataclass(kind) else ()


def _same(those: Collection[object], others: Collection[object]) -> bool:
    return len(those) == len(others) and all(map(is_, those, others))


class _Kind(NamedTuple):
    """How to find secrets in one way of writing: where, and by the pattern that `expression` makes.

    What holds a part of one is `quick` to look in.
    """

    quick: Callable[[Views], str]
    view: Callable[[Views], View]
    expression: Callable[[str], str]


@dataclass(frozen=True)
class _Form:
    """How a secret can look: `text`, of which `part` is in each text that holds it.

    Most secrets turn up nowhere, so the pattern is made when it is needed: of a long one it is
    large.
    """

    part: str
    text: str
    kind: _Kind

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        return re.compile(self.kind.expression(self.text))


def _as_it_is(text: str) -> str:
    # What a URL's encoder leaves as it is depends on the encoder and on the part of the URL.
    return "".join(_of_run("".join(run)) for _, run in groupby(text, _kind_of_run))


def _in_a_row(text: str) -> str:
    return "".join(map(_of_character, text))


def _numbered(text: str) -> str:  # `[112, 119]`, `112 119` and `&#112;&#119;`
    return rf"(?<!\d){_BETWEEN_NUMBERS.join(text.split())}(?!\d)"


_PLAIN = _Kind(attrgetter("text"), attrgetter("whole"), _as_it_is)
_FOLDED = _Kind(attrgetter("unfolded.text"), attrgetter("unfolded"), _as_it_is)
_BASE64 = _Kind(attrgetter("joined.text"), attrgetter("joined"), _in_a_row)
_HEXADECIMAL = _Kind(attrgetter("digits"), attrgetter("octets"), "(?i:{})".format)
_DECIMAL = _Kind(attrgetter("numbers"), attrgetter("whole"), _numbered)


@lru_cache(maxsize=64)
def _forms_of_all(secrets: frozenset[str], shortest: int) -> Mapping[_Kind, tuple[_Form, ...]]:
    parts = {part for secret in secrets for part in _parts(secret) if len(part) >= shortest}
    forms = [form for part in sorted(parts) for form in _forms_of(part)]
    kinds = dict.fromkeys(form.kind for form in forms)
    return {kind: tuple(form for form in forms if form.kind is kind) for kind in kinds}


@lru_cache(maxsize=1024)
def _forms_of(secret: str) -> tuple[_Form, ...]:
    word = _longest_word(secret)
    plain = _Form(word, secret, _PLAIN), _Form(word, secret, _FOLDED)
    return (*plain, *sorted(set(_encoded(secret)), key=attrgetter("part", "text")))


@lru_cache(maxsize=16)
def _beginnings_and_ends(secrets: frozenset[str], shortest: int) -> tuple[re.Pattern[str], ...]:
    found = []
    for secret in sorted({part for one in secrets for part in _parts(one)}):
        if len(secret) < max(shortest, _SHORTEST_PART + 1):
            continue
        forms = [_of_character(character) for character in secret]
        first, last = forms[:_LONGEST_PART], forms[-_LONGEST_PART:]
        more = first[_SHORTEST_PART:-1]
        begin = "".join(
            (*first[:_SHORTEST_PART], *(f"(?:{form}" for form in more), ")?" * len(more))
        )
        less = last[1:-_SHORTEST_PART]
        end = "".join(("(?:" * len(less), *(f"{form})?" for form in less), *last[-_SHORTEST_PART:]))
        found += [re.compile(rf"{begin}(?=\.{{3}}|{_CUT})"), re.compile(rf"(?<=\.{{3}}){end}")]
    return tuple(found)


def _parts(secret: str) -> Iterator[str]:
    """The secret as it is and without blanks at its ends, and its longer lines.

    A letter with a mark may be one character or two, whichever way the secret was typed.
    """
    typed = {secret, *(unicodedata.normalize(form, secret) for form in ("NFC", "NFD"))}
    yield from filter(None, {*typed, *(text.strip() for text in typed)})
    for line in secret.splitlines():
        if len(line) >= _SHORTEST_LINE and not line.startswith("-----"):
            yield line.strip()


def _encoded(secret: str) -> Iterator[_Form]:
    """What stands for the secret where its octets are in base64 or base32, or are numbers."""
    if len(secret) < _SHORTEST_ENCODED:
        return
    plain = secret.encode(errors="surrogatepass")
    written = {secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    written |= {quote(secret, safe=""), quote_plus(secret), html.escape(secret)}
    contents = {text.encode(errors="surrogatepass") for text in written}
    for encoding in ("latin-1", "utf-16-le", "utf-16-be"):  # PowerShell's, Java's
        with suppress(UnicodeEncodeError):
            contents.add(secret.encode(encoding))
    for content in contents:
        digits = content.hex()
        yield _Form(digits[:_LONGEST_PART], digits, _HEXADECIMAL)
    for values in (plain, map(ord, secret)):
        numbers = " ".join(map(str, values))
        yield _Form(numbers[:_LONGEST_PART], numbers, _DECIMAL)
    once = {text for content in contents for text in _in_base64(content)}
    twice = {text for one in _in_base64(plain) for text in _in_base64(one.encode())}
    for text in once | twice | set(_in_base32(plain)):
        yield _Form(_longest_word(text), text, _BASE64)


def _in_base64(content: bytes) -> Iterator[str]:
    for inner in _in_letters(content, base64.b64encode, bits=6):
        yield from {inner, inner.replace("+", "-").replace("/", "_")}


def _in_base32(content: bytes) -> Iterator[str]:
    for inner in _in_letters(content, base64.b32encode, bits=5):
        yield from (inner, inner.lower())


def _in_letters(content: bytes, encode: Callable[[bytes], bytes], *, bits: int) -> Iterator[str]:
    """What letters of so many bits hold, in each place: what neighbours have no part in counts."""
    for before in range(math.lcm(bits, 8) // 8):
        text = encode(bytes(before) + content)
        first, last = -(-before * 8 // bits), (before + len(content)) * 8 // bits
        if last - first >= _SHORTEST_ENCODED:
            yield text[first:last].decode()


def _longest_word(text: str) -> str:
    return max(re.findall("[A-Za-z0-9]+", text), key=len, default="")


def _of_octets(character: str) -> list[str]:
    """A character of more than one octet, where somebody took each octet for a character."""
    octets = character.encode(errors="surrogatepass")
    escapes = "".join(rf"\\{{1,15}}(?:x(?i:{octet:02x})|{octet:03o})" for octet in octets)
    taken = {octets.decode("latin-1"), octets.decode("cp1252", "replace")}
    return [escapes, *map(re.escape, sorted(taken))]


def _kind_of_run(character: str) -> str:
    return " " if character.isspace() else "\\" if character == "\\" else ""


def _of_run(run: str) -> str:
    # Blanks become one on their way, and backslashes many.
    if _kind_of_run(run[0]):
        return f"(?:{'|'.join(map(_of_character, sorted(set(run))))})+"
    return "".join(map(_of_character, run))


@cache
def _names_in_html() -> dict[str, list[str]]:
    names: dict[str, list[str]] = {}
    for name, character in html.entities.html5.items():
        if name.endswith(";"):
            names.setdefault(character, []).append(name[:-1])
    return names


@lru_cache(maxsize=4096)
def _of_character(character: str) -> str:
    if character.isascii() and character.isalnum():
        return character  # nobody encodes these
    code = ord(character)
    # What prints values nicely goes on with a string in the next line, or has marks before it.
    blank = r"\s|['\"]\s*\n\s*['\"]|\nE[ \t]+(?:[-+][ \t]+)?"
    patterns = [blank if character.isspace() else re.escape(character)]
    content = {character.encode(errors="surrogatepass"), character.encode("latin-1", "ignore")}
    # Percent signs may have been encoded once more, and mails write `=` for them.
    patterns += [
        "".join(f"(?:%(?:25){{0,3}}|=)(?i:{octet:02x})" for octet in octets)
        for octets in sorted(filter(None, content))
    ]
    if character == " ":
        patterns.append(r"\+|%(?:25){0,3}2[Bb]")
    names = [*_names_in_html().get(character, ()), f"#0*{code}", f"#[xX]0*(?i:{code:x})"]
    patterns += [f"&(?:amp;){{0,3}}{name};" for name in names]
    for quoted in _QUOTED_QUOTES.get(character, ()):
        patterns.append("".join(rf"\\{{0,15}}{one}" for one in quoted))
    if code >= 128:
        patterns += _of_octets(character)
    # Escapes of JSON, JavaScript and Python, with more backslashes where a string holds a string.
    units = character.encode("utf-16-be", errors="surrogatepass")
    pairs = [units[index : index + 2].hex() for index in range(0, len(units), 2)]
    patterns.append("".join(rf"(?:{_SLASHES}|%)u(?i:{pair})" for pair in pairs))
    patterns.append(rf"{_SLASHES}(?:U|u\{{)0*(?i:{code:x})\}}?")
    if code < 256:
        patterns.append(rf"{_SLASHES}(?:x(?i:{code:02x})|{code:03o})")
    escaped = json.dumps(character)[1:-1].lstrip("\\") if code < 128 else ""
    if len(escaped) == 1:
        # What is a string of JSON may be a part of HTML, or of a URL.
        quoted = "|(?:&(?:amp;){0,3}(?:quot|#34|#x22);|%(?:25){0,3}22)" if escaped == '"' else ""
        patterns.append(rf"{_SLASHES}(?:{re.escape(escaped)}{quoted})")
    return f"(?:{'|'.join(dict.fromkeys(patterns))})"


NO_SECRETS = Masker(())
"""Masks nothing, as there is nothing to be masked."""
