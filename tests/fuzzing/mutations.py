"""JSON as nobody would write it, made of JSON that somebody would."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Iterator

# Where a check goes. Only addresses of this machine may take their place, and what is no address.
_PLACES = ("url", "host", "server", "proxy")
_ADDRESSES = st.sampled_from(
    [
        "", " ", "127.0.0.1", "127.0.0.1:1", "http://127.0.0.1:1/", "http://127.0.0.1:99999/",
        "http://[::1", "http://[::1]:1/", "http:///x", "ftp://127.0.0.1/", "http://127.0.0.1\x00/",
        "http://127.0.0.1:1/\ud800", "http://a..b/", "\ud800", "{{ NOWHERE }}", "http://{{ WORD }}",
        "//127.0.0.1", "ws://127.0.0.1:1", "wss://127.0.0.1:1/\n", "http://u:p\ud800@127.0.0.1:1/",
        "x" * 300, "xn--\ud800", "[::1]", "http://127.0.0.1:1/" + "a" * 3000,
    ]
)  # fmt: skip

texts = st.one_of(
    st.text(max_size=20),
    st.text(st.characters(categories=["Cs", "Cc", "L", "Sm"]), max_size=8),
    st.sampled_from(
        [
            "{{ WORD }}", "{{WORD", "{{ uuid }}", "{{ numeric(9999) }}", "{{ date(99999w, YYYY) }}",
            "{{ date(-99999w, X) }}", "{{ timestamp(-999999999999999, s) }}", "{{ {{ WORD }} }}",
            "1" * 5000, "1e999", "-0", "NaN", "٣", "[" * 2000, "\x00", "\ud800", "\r\nX: y",
        ]
    ),
)  # fmt: skip
numbers = st.one_of(
    st.integers(-3, 70_000),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([2**31, 2**63, 2**64, -(2**63), 10**300, 10**4000, 1e-300, 5e-324]),
)
scalars = st.one_of(st.none(), st.booleans(), numbers, texts)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=6,
)


_WAYS = ("change", "change", "change", "take", "double", "join", "nest")


@st.composite
def mutated(draw: st.DrawFn, original: Any) -> Any:
    """`original` with one to three of its parts changed, taken away, doubled or added."""
    document = copy.deepcopy(original)
    for _ in range(draw(st.integers(1, 3))):
        parts = list(_parts(document))
        if not parts:
            break
        # Hypothesis knows these strategies again; one of the parts themselves would be made anew.
        holder, key, place = parts[draw(st.integers(0, len(parts) - 1))]
        match draw(st.sampled_from(_WAYS)):
            case "take" if not place:
                del holder[key]
            case "double" if isinstance(holder, list):
                holder.append(copy.deepcopy(holder[key]))
            case "join" if isinstance(holder, dict) and not place:
                keys = _keys(original)
                name = (
                    keys[draw(st.integers(0, len(keys) - 1))]
                    if draw(st.booleans())
                    else draw(texts)
                )
                holder[name] = draw(_ADDRESSES if _is_place(name) else values)
            case "nest":
                holder[key] = [holder[key]]
            case _:
                holder[key] = draw(_ADDRESSES if place else values)
    return document


def _parts(value: Any, *, place: bool = False) -> Iterator[tuple[Any, Any, bool]]:
    keys = value if isinstance(value, dict) else range(len(value))
    for key in keys:
        inside = place or (isinstance(key, str) and _is_place(key))
        yield value, key, inside
        if isinstance(value[key], dict | list):
            yield from _parts(value[key], place=inside)


def _is_place(key: str) -> bool:
    return any(name in key.lower() for name in _PLACES)


def _keys(document: Any) -> list[str]:
    return sorted({str(key) for holder, key, _ in _parts(document) if isinstance(holder, dict)})
