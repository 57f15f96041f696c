"""What is recognised as sound: the regular expressions of recognised.toml."""

import functools
import re
import tomllib
from pathlib import Path
from typing import Any

RECOGNISED: dict[str, Any] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))


@functools.cache
def text_of(key: str) -> str:
    """An expression for any of those of that key; a dot leads into a table."""
    found: Any = functools.reduce(lambda table, part: table[part], key.split("."), RECOGNISED)
    text = "|".join(f"(?:{each})" for each in found)
    return re.sub(r"\{([a-z][\w.-]*)\}", lambda other: text_of(other[1]), f"(?s:{text})")


@functools.cache
def pattern(key: str) -> re.Pattern[str]:
    """The same, ready to be used."""
    return re.compile(text_of(key))
