"""Masking of secrets in texts and documents, whatever form they have taken on the way."""

from __future__ import annotations

import base64
import html
import html.entities
import json
import re
import unicodedata
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cached_property, lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

T = TypeVar("T")

MASK = "********"
LONGEST_SECRET = 10_000
"""Characters of a value that is found: to look for a longer one would hold up every check."""
_SHORTEST_ENCODED = 5  # characters: what shorter ones become is everywhere
_SHORTEST_LINE = 16  # of a secret of several lines, such as a private key
_SHORTEST_PART, _LONGEST_PART = 4, 60  # characters of a secret beside `...`
_COLONED = 14  # of hexadecimal digits with colons: five octets
_SHORTEST_NUMBER = 4  # digits: masking shorter numbers would hide only the result
_BREAKS = re.compile(r"\\[rn]|[\r\n]")
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
    within base64 and hexadecimal texts.
    """

    def __init__(self, secrets: Iterable[str], *, shortest: int = 1) -> None:
        """Secrets of fewer than `shortest` characters are left, as they are parts of many words."""
        self._secrets = frozenset(secrets), shortest
        self._forms = _forms_of_all(*self._secrets)

    def and_also(self, other: Masker) -> Masker:
        """One that masks what either of them does."""
        both = Masker(())
        both._forms = (*self._forms, *other._forms)
        return both

    def shortened(self, text: str) -> str:
        """The text without the secrets, also where pytest shows `...` for the middle of a value."""
        shown = self(text)
        if "..." in shown:
            for pattern in _beginnings_and_ends(*self._secrets):
                shown = pattern.sub(MASK, shown)
        return shown

    def __call__(self, text: str) -> str:
        """The text without the secrets."""
        flat = _BREAKS.sub("", text) if _BREAKS.search(text) else text
        shown, end = [], 0
        # All are looked for in the same text: one secret may overlap another.
        for first, last in sorted(
            match.span()
            for form in self._forms
            if form.part in text or form.part in flat
            for match in form.pattern.finditer(text)
        ):
            if first >= end:
                shown += [text[end:first], MASK]
            end = max(end, last)
        return "".join((*shown, text[end:]))

    def document(self, data: T) -> T:
        """The same data with every text in it masked, below dataclasses, mappings and sequences.

        Identifiers and names of ours are left as they are.
        """
        return cast("T", self._masked(data, _OURS)) if self._forms else data

    def _masked(self, data: Any, whose: _Whose) -> Any:
        if isinstance(data, str):
            return self(data)
        if isinstance(data, dict):
            return {
                self(name) if whose.names and isinstance(name, str) else name: self._member(
                    name, value, whose
                )
                for name, value in data.items()
            }
        if isinstance(data, list | tuple):
            return type(data)(self._masked(value, whose) for value in data)
        if is_dataclass(data) and not isinstance(data, type):
            members = ((field.name, getattr(data, field.name)) for field in fields(data))
            return replace(data, **{n: self._member(n, value, whose) for n, value in members})
        number = str(data) if whose.names and isinstance(data, int | float) else ""
        hidden = len(number) >= _SHORTEST_NUMBER and self(number) == MASK
        return MASK if hidden else data

    def _member(self, name: object, value: Any, whose: _Whose) -> Any:
        if name in whose.kept and not isinstance(value, dict):
            return value
        return self._masked(value, _THEIRS if name in _FOREIGN else whose.below(name))


@dataclass(frozen=True)
class _Form:
    """How a secret can look: `text`, in lines that may be broken anywhere if it is `encoded`.

    `part` is in each text that holds it, and quickly looked for. Most secrets turn up nowhere, so
    the pattern is made when it is needed: of a long one it is large.
    """

    part: str
    text: str
    encoded: bool

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        if self.encoded:  # lines are broken so in mails and certificates
            return re.compile(f"(?:{_BREAKS.pattern})*".join(map(_of_character, self.text)))
        # What a URL's encoder leaves as it is depends on the encoder and on the part of the URL.
        runs = groupby(self.text, _kind_of_run)
        return re.compile("".join(_of_run("".join(run)) for _, run in runs))


@lru_cache(maxsize=64)
def _forms_of_all(secrets: frozenset[str], shortest: int) -> tuple[_Form, ...]:
    parts = {part for secret in secrets for part in _parts(secret) if len(part) >= shortest}
    return tuple(form for part in sorted(parts) for form in _forms_of(part))


@lru_cache(maxsize=1024)
def _forms_of(secret: str) -> tuple[_Form, ...]:
    plain = _Form(_longest_word(secret), secret, encoded=False)
    texts = sorted(set(_encoded(secret)))
    return (plain, *(_Form(_part_of_encoded(text), text, encoded=True) for text in texts))


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
        found += [re.compile(rf"{begin}(?=\.{{3}})"), re.compile(rf"(?<=\.{{3}}){end}")]
    return tuple(found)


def _parts(secret: str) -> Iterator[str]:
    """The secret as it is and without blanks at its ends, and its longer lines."""
    yield from filter(None, {secret, secret.strip()})
    for line in secret.splitlines():
        if len(line) >= _SHORTEST_LINE and not line.startswith("-----"):
            yield line.strip()


def _encoded(secret: str) -> Iterator[str]:
    """What base64 and hexadecimal texts hold where they hold the secret.

    In base64 that depends on the place of the secret: what its neighbours have no part in counts.
    """
    if len(secret) < _SHORTEST_ENCODED:
        return
    written = {secret, json.dumps(secret)[1:-1], quote(secret, safe=""), html.escape(secret)}
    contents = {text.encode(errors="surrogatepass") for text in written}
    for content in {*contents, secret.encode("latin-1", "ignore")}:
        yield from (content.hex(), content.hex().upper(), content.hex(":"))
        for before in range(3):
            text = base64.b64encode(bytes(before) + content)
            first, last = (before * 8 + 5) // 6, (before + len(content)) * 8 // 6
            inner = text[first:last].decode()
            if len(inner) >= _SHORTEST_ENCODED:
                yield from {inner, inner.replace("+", "-").replace("/", "_")}


def _longest_word(text: str) -> str:
    return max(re.findall("[A-Za-z0-9]+", text), key=len, default="")


def _part_of_encoded(text: str) -> str:
    # Between colons a word has two digits, which are in every text.
    return text[:_COLONED] if ":" in text else _longest_word(text)


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


@lru_cache(maxsize=4096)
def _of_character(character: str) -> str:
    if character.isascii() and character.isalnum():
        return character  # nobody encodes these
    code = ord(character)
    # What prints values nicely goes on with a string in the next line.
    patterns = [r"\s|['\"]\s*\n\s*['\"]" if character.isspace() else re.escape(character)]
    content = {character.encode(errors="surrogatepass"), character.encode("latin-1", "ignore")}
    # Percent signs may have been encoded once more, and mails write `=` for them.
    patterns += [
        "".join(f"(?:%(?:25){{0,3}}|=)(?i:{octet:02x})" for octet in octets)
        for octets in sorted(filter(None, content))
    ]
    if character == " ":
        patterns.append(r"\+")
    names = [html.entities.codepoint2name.get(code, ""), f"#0*{code}", f"#[xX]0*(?i:{code:x})"]
    if character == "'":
        names.append("apos")
    patterns += [f"&(?:amp;){{0,3}}{name};" for name in names if name]
    if code >= 128:
        patterns += _of_octets(character)
        patterns.append(re.escape(unicodedata.normalize("NFD", character)))
    # Escapes of JSON, JavaScript and Python, with more backslashes where a string holds a string.
    units = character.encode("utf-16-be", errors="surrogatepass")
    pairs = [units[index : index + 2].hex() for index in range(0, len(units), 2)]
    patterns.append("".join(rf"\\{{1,15}}u(?i:{pair})" for pair in pairs))
    patterns.append(rf"\\{{1,15}}(?:U|u\{{)0*(?i:{code:x})\}}?")
    if code < 256:
        patterns.append(rf"\\{{1,15}}x(?i:{code:02x})")
    escaped = json.dumps(character)[1:-1].lstrip("\\") if code < 128 else ""
    if len(escaped) == 1:
        patterns.append(r"\\{1,15}" + re.escape(escaped))
    return f"(?:{'|'.join(dict.fromkeys(patterns))})"


NO_SECRETS = Masker(())
"""Masks nothing, as there is nothing to be masked."""
