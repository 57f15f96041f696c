"""Text as nobody means it well: what tests put wherever somebody else's words come in."""

from __future__ import annotations

import unicodedata

from hypothesis import strategies as st

# Few characters that anybody needs, many that do harm.
_HOSTILE = st.text(
    st.sampled_from("ab \\'\"`$<&]()\t\n\r\v\f\x1c\x1e\x00\x07\x08\x1b\x7f\x85\x9b\u2028\u2029")
    | st.sampled_from("\u200b\u200d\u202e\u2066\ufeff\ufffe\uffff\ud83d\udfff\U0001f436\U000e0041é")
)
TEXTS = (
    st.text(st.characters(exclude_categories=()))
    | _HOSTILE
    | st.builds(lambda text, times: text * times, _HOSTILE, st.integers(0, 1000))
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)
# Controls, formats (marks of direction among them), surrogates, private, unknown, and breaks.
_HARMFUL = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def harmless(text: str) -> bool:
    """Whether each character is one that can be seen."""
    return not {unicodedata.category(one) for one in text} & _HARMFUL
