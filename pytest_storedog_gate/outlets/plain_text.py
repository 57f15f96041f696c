"""Foreign text made harmless and short, where it leaves: on a terminal, in a file or in a comment.

Names, messages and tags come from Datadog, from what is checked and from containers' logs. None of
them may begin a line, steer a terminal, break a report or bury it. Secrets are masked before.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_LINE = 300  # characters
_BLOCK = 2000
_LINES = 40
_SPACE = re.compile(r"\s")
_REASONS = ("reason", "reasons")


def line(text: str, longest: int = _LINE) -> str:
    """The text as one line: every break and gap in it is a space."""
    whole = " ".join(text.split())
    shown = _visible(whole[: longest + 1])
    if len(shown) <= longest:
        return shown
    mark = f"... ({len(whole)} characters)"
    return shown[: longest - len(mark)] + mark


def block(text: str) -> str:
    """The text with its lines, a few dozen at most. Whoever writes them indents them.

    A long one loses its middle: a sentence begins with what is wrong, and a log ends with it.
    """
    lines = text.rstrip().splitlines()
    few = lines if len(lines) <= _LINES else [*lines[:_LINES], *lines[-_LINES:]]
    shown = [_visible(_SPACE.sub(" ", _ends(one))) for one in few]
    whole = "\n".join(shown)
    if len(lines) <= _LINES and len(whole) <= _BLOCK:
        return whole
    mark = f"\n... ({len(text)} characters) ...\n"
    half, room = (_LINES - 1) // 2, (_BLOCK - len(mark)) // 2
    begin, end = ("\n".join(part) for part in (shown[:half], shown[-half:]))
    return begin[:room].rstrip() + mark + end[-room:].lstrip()


def _ends(text: str) -> str:
    """As much of a line as a block can show; where that is too much, the gap falls in the mark."""
    return text if len(text) <= _BLOCK else text[:_BLOCK] + text[-_BLOCK:]


def long_line(text: str) -> str:
    """The text as one line that may be as long as a block."""
    return line(text, _BLOCK)


def address(url: str) -> str:
    """The address as a link in HTML or Markdown can hold it."""
    return quote(url, safe="!#$%&'+,/:;=?@[]~", errors="replace")


def document(data: Any, clean: Callable[[str], str] = long_line) -> Any:
    """A JSON document with each of its texts as one line, and a block where it is a reason."""
    if isinstance(data, str):
        return clean(data)
    if isinstance(data, list | tuple):
        return [document(one, clean) for one in data]
    if isinstance(data, dict):
        return {
            line(str(key)): document(value, block if key in _REASONS else clean)
            for key, value in data.items()
        }
    return data


def encodable(text: str, encoding: str) -> str:
    """The text with an escape for each character that the encoding lacks."""
    return text.encode(encoding, "backslashreplace").decode(encoding)


def command_line(words: Iterable[str]) -> str:
    """The words as one line that a shell reads, breaks and controls within them too."""
    return " ".join(map(_quoted, words))


def _quoted(word: str) -> str:
    if word.isprintable():
        return shlex.quote(word)
    plain = word.replace("\\", r"\\").replace("'", r"\'")
    return "$'" + "".join(one if one.isprintable() else _in_shell(one) for one in plain) + "'"


def _in_shell(one: str) -> str:
    # Beyond ASCII, Python's \x means a character and the shell's a byte.
    return repr(one)[1:-1] if one.isascii() else f"\\U{ord(one):08x}"


def _visible(text: str) -> str:
    """An escape for each character that is no mark on paper.

    That is controls, marks of direction, lone surrogates, and what XML cannot hold.
    """
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)
