"""What the linter says: the rules of rules.toml, their levels, and one finding."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Level(StrEnum):
    """How bad it is: only an error makes the exit status 1."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


RULES = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))


@dataclass(frozen=True, order=True)
class Finding:
    """What was found in a line, from 1; `ignored` is the reason of who ignores it."""

    line: int
    rule: str
    what: str
    remedy: str
    level: Level
    ignored: str | None = None


def finding(line: int, rule: str, *about: str, level: Level | None = None) -> Finding:
    """One of that rule, at the rule's level or another."""
    said = RULES[rule]
    level = level or Level(said.get("level", "error"))
    return Finding(line, rule, said["what"].format(*about), said["remedy"], level)
