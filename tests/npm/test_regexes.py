"""Regular expressions mean in the local service what they mean in V8."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_storedog_gate.local_synthetics.javascript.regular_expressions import compile_javascript
from tests.fuzzing.profile import examples
from tests.npm.javascript import Node
from tests.npm.regex_table import REFUSED, TABLE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.npm

PAIRS = [(source, text) for source, texts in TABLE.items() for text in texts]
_V8 = """
const answer = (source, text) => {
  try {
    const found = new RegExp(source).exec(text);
    return found && [true, found[found.length > 1 ? 1 : 0] ?? null];
  } catch (error) {
    return error.name;
  }
};
"""
_ATOMS = [
    *(
        "a",
        "b",
        "1",
        "٣",
        "é",
        "😀",
        ".",
        "^",
        "$",
        "[ab]",
        "[^a]",
        "[]",
        "[^]",
        "[a-\\d]",
        "[\\b]",
    ),
    *(
        "\\d",
        "\\D",
        "\\w",
        "\\W",
        "\\s",
        "\\b",
        "\\B",
        "\\1",
        "\\2",
        "\\k<x>",
        "\\0",
        "\\01",
        "\\8",
    ),
    *("\\x41", "\\x4", "\\u{61}", "\\ud83d", "\\cA", "\\c", "\\p{L}", "\\A", "\\Z", "\\e", "\\n"),
    *(
        "\n",
        "\u2028",
        "\u00a0",
        "\0",
        "-",
        "]",
        "}",
        "{",
        "{1",
        "{,2}",
        "&&",
        "#",
        " ",
        "[z-a]",
        "(?i)",
    ),
]
_QUANTIFIERS = ["*", "+", "?", "{2}", "{1,}", "{0,2}", "{0}", "*?", "+?", "??", "*+", "{2,1}"]
_OPENED = ["(", "(", "(?:", "(?=", "(?!", "(?<=", "(?<!", "(?<x>", "(?P<x>", "(?>"]
_quantified = st.tuples(st.sampled_from(_ATOMS), st.sampled_from(["", "", *_QUANTIFIERS]))
_sources = st.recursive(
    _quantified.map("".join),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=4).map("".join),
        st.tuples(
            st.sampled_from(_OPENED), inner, st.just(")"), st.sampled_from(["", *_QUANTIFIERS])
        ).map("".join),
        st.tuples(inner, st.just("|"), inner).map("".join),
    ),
    max_leaves=8,
)
_texts = st.lists(
    st.sampled_from([*"abA1٣é😀\n\r _-]}{,xkcpL\\\0\u2028\u00a0", "\ud83d", "aa", "ab", "{1"])
).map("".join)


@pytest.fixture(scope="module")
def v8(node: str, modules: Path) -> Iterator[Node]:
    with Node(node, modules, _V8) as running:
        yield running


def ours(source: str, text: str) -> Any:
    """As `_V8` answers: what was extracted, null without a match, or the error."""
    try:
        pattern = compile_javascript(source)
    except ValueError:
        return "SyntaxError"
    return [True, pattern.extracted_from(text)] if pattern.found_in(text) else None


def test_the_table_is_large_enough() -> None:
    assert len(PAIRS) == len(set(PAIRS)) >= 350


def test_each_pair_of_the_table_is_as_in_v8(v8: Node) -> None:
    theirs = {pair: v8(*pair) for pair in PAIRS}
    assert {pair: ours(*pair) for pair in PAIRS} == theirs
    answers = list(theirs.values())
    assert min(answers.count("SyntaxError"), answers.count(None)) > 40


@pytest.mark.parametrize("source", REFUSED)
def test_what_only_v8_takes_is_refused_by_name(v8: Node, source: str) -> None:
    assert v8(source, "") in (None, [True, ""])
    with pytest.raises(ValueError, match="is not supported: "):
        compile_javascript(source)


@examples(1500)
@given(_sources, _texts)
def test_any_other_is_as_in_v8(v8: Node, source: str, text: str) -> None:
    theirs = v8(source, text)
    if ours(source, text) != theirs:
        # Only a named group can stand before its own reference.
        assert (ours(source, text), "\\k<x>" in source) == ("SyntaxError", True)
