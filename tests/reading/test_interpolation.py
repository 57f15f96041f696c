"""Variables in a text, as compose fills them in."""

from __future__ import annotations

import re

import pytest

from pytest_storedog_gate.reading.interpolation import interpolated

KNOWN = {"SET": "s", "EMPTY": "", "_a1": "u", "ODD": "${SET} $"}
FILLED = {
    "no variable": "no variable",
    "$SET-${SET}.$_a1": "s-s.u",
    "$$SET $${SET} $$": "$SET ${SET} $",
    "${SET:-d}${SET-d}${NONE:-d}${NONE-d}": "ssdd",
    "${EMPTY:-d}|${EMPTY-d}|${EMPTY}|${NONE:-}": "d|||",
    "${SET:+r}${SET+r}|${EMPTY:+r}|${EMPTY+r}|${NONE+r}": "rr||r|",
    "${NONE:-${EMPTY:-${SET}x}y}z": "sxyz",
    "${NONE:-a:b/c}": "a:b/c",
    "${SET:?e}${EMPTY?e}": "s",
    "${SET:-${NONE}}": "s",  # what is not taken needs no value
    "${ODD}": "${SET} $",  # a value is not looked through
}
WRONG = {
    "$ 5": "has a $ that begins no variable; write $$ for a dollar sign",
    "a$": "has a $ that begins no variable",
    "${}": "has a $ that begins no variable",
    "$(date)": "has a $ that begins no variable",
    "${SET": "has a ${ without its }",
    "${NONE:-${SET}": "has a ${ without its }",
    "${SET/a/b}": "${SET/a/b} is no variable; write ${NAME:-default}",
    "${NONE}": "${NONE} is not set in the process environment",
    "$NONE": "${NONE} is not set",
    "${NONE:?}": "${NONE} is not set in",
    "${EMPTY:?say ${SET}}": "${EMPTY} is not set: say ${SET}",
    "${NONE?why}": "${NONE} is not set: why",
}


@pytest.mark.parametrize(("text", "filled"), FILLED.items())
def test_filled_in(text: str, filled: str) -> None:
    assert interpolated(text, KNOWN.get) == filled


@pytest.mark.parametrize(("text", "what"), WRONG.items())
def test_refused(text: str, what: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(what)}"):
        interpolated(text, KNOWN.get)
