"""Datadog's test search, as far as `tag:x`, `type:x`, `subtype:x` and words in the name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from pytest_storedog_gate.local_synthetics.definitions.definition import Definition

Matches = Callable[[Definition], bool]

_TERM = re.compile(r'(?:(?P<facet>\w+):)?(?:"(?P<quoted>[^"]*)"|(?P<bare>[^\s"]+))(?=\s|$)\s*')
_UNSUPPORTED = re.compile(r"^-|[()*?]|^(?:AND|OR|NOT)$")

_FACETS: Mapping[str | None, Callable[[Definition, str], bool]] = {
    None: lambda definition, word: word.lower() in definition.name.lower(),
    "tag": lambda definition, tag: tag in definition.tags,
    "type": lambda definition, name: name == definition.type,
    "subtype": lambda definition, name: name == definition.subtype,
}


class SearchError(ValueError):
    """The query asks for what this search does not have; the text names it."""


def parse_query(text: str) -> Matches:
    """Read a query; a definition matches when every term does. Raises SearchError."""
    terms = []
    position = len(text) - len(text.lstrip())
    while position < len(text):
        found = _TERM.match(text, position)
        if not found:
            raise SearchError(f"search: cannot read {text[position:]!r}")
        terms.append(_term(found))
        position = found.end()
    return lambda definition: all(term(definition) for term in terms)


def _term(found: re.Match[str]) -> Matches:
    facet, bare = found["facet"], found["bare"]
    value = found["quoted"] if bare is None else bare
    if facet not in _FACETS:
        raise SearchError(f"search: {facet}: is not supported; tag:, type: and subtype: are")
    if bare is not None and _UNSUPPORTED.search(bare):
        raise SearchError(f"search: {bare!r} is not supported")
    matches = _FACETS[facet]
    return lambda definition: matches(definition, value)
