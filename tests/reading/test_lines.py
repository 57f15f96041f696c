"""The line of each key, in files of TOML and JSON that are laid out in every way."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_storedog_gate.reading.files import json_table, toml_table
from tests.fuzzing.profile import examples

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_storedog_gate.reading.table import Document, Keys

TOML = '''\
# [decoy]
top = 1
"with.dot" = { inline = { deep = 1 } }

[a]
text = """
[decoy]
key = 1
"""
list = [
  "decoy = 1", # ]
  "[decoy]",
]
  [ a . b ] # a comment
c.d = 1
c."e f" = 2
'literal' = 'x = 1'

[a."quoted.name"]
key = """one line"""
[x.y.z]
w = 1
[[many]]
one = 1
[x]
late = 1
'''
LINES: dict[Keys, int | None] = {
    ("top",): 2,
    ("with.dot",): 3,
    ("with.dot", "inline", "deep"): 3,
    ("a",): 5,
    ("a", "text"): 6,
    ("a", "list"): 10,
    ("a", "b"): 14,
    ("a", "b", "c"): 15,
    ("a", "b", "c", "d"): 15,
    ("a", "b", "c", "e f"): 16,
    ("a", "b", "literal"): 17,
    ("a", "quoted.name"): 19,
    ("a", "quoted.name", "key"): 20,
    ("x",): 21,
    ("x", "y", "z", "w"): 22,
    ("many",): 23,
    ("x", "late"): 26,
    ("decoy",): None,
    ("a", "key"): 5,  # what is not there is in the table around it
    ("a", "b", "c", "missing", "deeper"): 15,
}


def _line(document: Document, keys: Keys) -> int | None:
    _, colon, line = document.place(keys).partition(": ")[0].partition(":")
    return int(line) if colon else None


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("keys", LINES, ids=str)
def test_the_line_of_a_key_in_toml(tmp_path: Path, keys: Keys, newline: str) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes(TOML.replace("\n", newline).encode())
    assert _line(toml_table(path).document, keys) == LINES[keys]


def test_a_byte_order_mark_moves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes(b"\xef\xbb\xbfkey = 1\n")
    assert toml_table(path).document.place(("key",)) == "a.toml:1: key"


class _Writer:
    """Writes JSON with white space of all kinds, and notes the line of each key and item."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw
        self.text = ""
        self.lines: dict[Keys, int] = {}

    def write(self, value: Any, keys: Keys = ()) -> None:
        self._space()
        if keys and isinstance(keys[-1], int):
            self._note(keys)
        if not isinstance(value, dict | list):
            self.text += json.dumps(value)
            return
        opening, closing = "{}" if isinstance(value, dict) else "[]"
        self.text += opening
        for number, key in enumerate(value if isinstance(value, dict) else range(len(value))):
            self.text += "," if number else ""
            if isinstance(key, str):
                self._space()
                self._note((*keys, key))
                self.text += json.dumps(key, ensure_ascii=self._draw(st.booleans()))
                self._space()
                self.text += ":"
            self.write(value[key], (*keys, key))
            self._space()
        self.text += closing

    def _note(self, keys: Keys) -> None:
        self.lines[keys] = self.text.count("\n") + 1

    def _space(self) -> None:
        self.text += self._draw(st.sampled_from(["", "", " ", "\n", "\r\n", "\t\n\n"]))


_TEXTS = st.text(st.characters(codec="utf-8"), max_size=8)
_VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-99, 99), _TEXTS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(_TEXTS, inner, max_size=3)
    ),
    max_leaves=6,
)


@st.composite
def _documents(draw: st.DrawFn) -> tuple[str, dict[Keys, int]]:
    writer = _Writer(draw)
    writer.write(draw(st.dictionaries(_TEXTS, _VALUES, max_size=4)))
    return writer.text, writer.lines


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lines") / "a.json"


@given(document=_documents())
@examples(100)
def test_the_line_of_each_key_and_item_in_json(
    file: Path, document: tuple[str, dict[Keys, int]]
) -> None:
    text, lines = document
    file.write_bytes(text.encode())
    document_read = json_table(file, "a.json").document
    assert {keys: document_read.line_of(keys) for keys in lines} == lines
