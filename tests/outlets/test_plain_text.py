"""Foreign text made harmless and short."""

from __future__ import annotations

import subprocess
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pytest_storedog_gate.outlets.plain_text import block, command_line, document, encodable, line
from tests.foreign_text import JSON, TEXTS, harmless
from tests.fuzzing.profile import examples


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Shop\nGATE OPEN for staging: 9/9", "Shop GATE OPEN for staging: 9/9"),
        ("a\r\nb\vc\fd\x85e\u2028f\u2029g\x1ch", "a b c d e f g h"),
        ("  a \t b\u3000c\xa0", "a b c"),
        ("\x1b[2J\x1b]0;title\x07", r"\x1b[2J\x1b]0;title\x07"),
        ("\x9b31m\x00\x08\x7f", r"\x9b31m\x00\x08\x7f"),
        ("\ud83d and \udc36", r"\ud83d and \udc36"),
        ("abc\u202edef\u2066\u200b\ufeff", r"abc\u202edef\u2066\u200b\ufeff"),
        ("\ufffe\uffff", r"\ufffe\uffff"),
        ("naïve 犬 🐶 \\n", "naïve 犬 🐶 \\n"),
        ("", ""),
        ("x" * 300, "x" * 300),
        ("x" * 301, "x" * 280 + "... (301 characters)"),
        ("\x1b" * 3_000_000, r"\x1b" * 69 + "... (3000000 characters)"),
    ],
)
def test_a_line_is_one_line(text: str, shown: str) -> None:
    assert line(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("body: expected a\nstatus: actual 500\n", "body: expected a\nstatus: actual 500"),
        ("a\r\n\tb\x1b\u2028c", "a\n b\\x1b\nc"),
        ("", ""),
        ("x" * 3_000_000, "x" * 985 + "\n... (3000000 characters) ...\n" + "x" * 985),
        ("x\n" * 41, "x\n" * 19 + "... (82 characters) ..." + "\nx" * 19),
        ("x\n" * 39 + "y" * 2000, "x\n" * 19 + "... (2078 characters) ...\n" + "y" * 986),
        # An error stands at the end of a log, after its traceback.
        (
            "a" + "x" * 4999 + "\nno disk",
            "a" + "x" * 985 + "\n... (5008 characters) ...\n" + "x" * 978 + "\nno disk",
        ),
        ("x\n" * 40, "x\n" * 39 + "x"),
    ],
)
def test_a_block_keeps_some_lines(text: str, shown: str) -> None:
    assert block(text) == shown


@given(TEXTS)
@examples(300)
def test_any_text_is_harmless_and_short(text: str) -> None:
    one, several = line(text), block(text).split("\n")
    assert harmless(one)
    assert all(map(harmless, several))
    assert len(one) <= 300
    assert len("\n".join(several)) <= 2000
    assert len(several) <= 40
    ET.fromstring(f"<a>{encodable(one, 'utf-8').replace('&', '').replace('<', '')}</a>")  # noqa: S314  # our own
    assert (line(one), block("\n".join(several))) == (one, "\n".join(several)), "done once is done"


@given(TEXTS, st.sampled_from(["ascii", "iso-8859-15", "utf-8", "cp1252"]))
@examples(100)
def test_any_text_is_encodable(text: str, encoding: str) -> None:
    shown = encodable(text, encoding)
    assert shown.encode(encoding).decode(encoding) == shown
    assert shown.count("\n") == text.count("\n"), "line breaks are not escaped with the rest"


@given(JSON)
@example({"reason": "a\nb", "reasons": ["a\nb"], "name": "a\nb", "other": {"reason": ["a\tb"]}})
@examples(200)
def test_any_document_is_harmless(data: Any) -> None:
    def check(one: Any) -> None:
        if isinstance(one, dict):
            assert all(map(harmless, one))
            list(map(check, one.values()))
        elif isinstance(one, list):
            list(map(check, one))
        elif isinstance(one, str):
            assert all(map(harmless, one.split("\n")))

    check(document(data))


def test_only_reasons_keep_their_lines_in_a_document() -> None:
    data = {"name": "a\nb", "reason": "a\nb", "checks": [{"reasons": ["a\nb"], "tags": ("a\nb",)}]}
    assert document(data) == {
        "name": "a b",
        "reason": "a\nb",
        "checks": [{"reasons": ["a\nb"], "tags": ["a b"]}],
    }


@given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))))
@example(["a'b\\c\n\x1b1\x85é\u2028'", "$(touch x)", "`x`", "", "!", "\U000e0041"])
@examples(50)
def test_a_shell_reads_the_words_of_a_command_line(words: list[str]) -> None:
    shown = command_line(words)
    assert harmless(shown)
    script = f"printf '%s\\0' {shown}" if words else "true"
    done = subprocess.run(
        ["bash", "-c", script], capture_output=True, check=True, env={"LC_ALL": "C.UTF-8"}
    )
    assert done.stdout.decode("utf-8") == "".join(f"{word}\0" for word in words)
