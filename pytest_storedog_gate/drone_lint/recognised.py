"""What is recognised as sound: the regular expressions of recognised.toml."""

from __future__ import annotations

import functools
import re
import tomllib
from pathlib import Path
from typing import Any

# Where a program stands that is no file of the repository.
_BIN = r"(/(?!drone/)([\w-][\w.-]*/)*bin/|\.?venv/bin/)?"
_FILE: dict[str, Any] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))


@functools.cache
def pattern(*keys: str) -> re.Pattern[str]:
    """What matches any of the expressions under these keys."""
    found: Any = _FILE
    for key in keys:
        found = found[key]
    return re.compile("|".join(f"(?:{each.replace('{BIN}', _BIN)})" for each in found), re.DOTALL)


OFF: dict[str, str] = _FILE["pytest"]["off"]
READING = frozenset(_FILE["reading"])
