"""What the linter says: the rules of rules.toml, their levels, and reports of findings."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
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

    @property
    def said(self) -> str:
        """The finding as one sentence."""
        return f"{self.what}; {self.remedy}"


@dataclass(frozen=True)
class Report:
    """The findings in a file, in its order, or the `error` that kept it from being judged.

    `judged` says which steps they are about. `sound`: gate and production are known, and there is
    no error or warning.
    """

    file: str
    findings: list[Finding] = field(default_factory=list)
    judged: str = ""
    sound: bool = False
    error: str = ""

    def count(self, level: Level) -> int:
        """How many findings of that level nobody ignores."""
        return sum(f.level == level and not f.ignored for f in self.findings)


def finding(line: int, rule: str, *about: str, level: Level | None = None) -> Finding:
    """One of that rule, at the rule's level or another."""
    said = RULES[rule]
    level = level or Level(said.get("level", "error"))
    return Finding(line, rule, said["what"].format(*about), said["remedy"], level)
