"""What is recognised as sound: the regular expressions of recognised.toml."""

from __future__ import annotations

import functools
import re
import tomllib
from pathlib import Path
from typing import Any

# Where a program stands that is no file of the repository.
_BIN = r"(/(?!drone/|tmp/)([\w-][\w.-]*/)*bin/|(\./)?\.?venv/bin/)?"
# What a build makes, and no program or configuration is.
_OUTPUT = (
    r"((\./)?((test-)?(reports?|results)|artifacts|coverage|htmlcov|dist|build|out|node_modules"
    r"|\.pytest_cache|__pycache__)(/(?!\S*\.\.)[\w.*/-]*)?|/tmp/(?!\S*\.\.)[\w.*/-]+"
    r"|(\./)?[\w*.-]+\.(log|xml|html|txt|md|csv|ya?ml))"
)
_FILE: dict[str, Any] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))


@functools.cache
def pattern(*keys: str) -> re.Pattern[str]:
    """What matches any of the expressions under these keys."""
    found: Any = _FILE
    for key in keys:
        found = found[key]
    filled = (each.replace("{BIN}", _BIN).replace("{OUTPUT}", _OUTPUT) for each in found)
    return re.compile("|".join(f"(?:{each})" for each in filled), re.DOTALL)


OFF: dict[str, str] = _FILE["off"]
