"""What the linter says: rules, findings, and comments (`# storedog: ignore[RULE] REASON`)."""

import re
import tomllib
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

RULES = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
_RULE = rf"\s*(?:{'|'.join(RULES)})\s*"
_COMMENT = re.compile(
    r"(?:^|\s)#\s*storedog:\s*(?:(?P<production>production\b)|config\s+(?P<config>\S+)"
    rf"|ignore\[(?P<rules>{_RULE}(?:,{_RULE})*)\]\s*(?P<reason>\S.*))?"
)


class Level(StrEnum):
    """How bad it is: only an error makes the exit status 1."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


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
        return f"{self.what}; {self.remedy}"


@dataclass(frozen=True)
class Report:
    """The findings in a file, about the steps that `judged` names, or the `error` that kept it.

    It is sound where gate and production are known, and there is no error or warning.
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


def comments(text: str) -> list[tuple[int, int, dict[str, str | None]]]:
    """The comments with their lines, and those that they are about: their own, or the next YAML."""
    found, about = [], 0
    for number, line in reversed([*enumerate(text.splitlines(), 1)]):
        about = number if not about or re.match(r"\s*[^#\s]", line) else about
        if said := _COMMENT.search(line):
            found.append((number, about, said.groupdict()))
    return found


def applied(text: str, findings: set[Finding]) -> list[Finding]:
    """The findings, those that comments ignore with the reason, and each comment in vain."""
    ignores: dict[tuple[int, str], str | None] = {}
    found = set()
    for line, about, said in comments(text):
        rules = (said["rules"] or "").replace(",", " ").split()
        ignores |= {(about, rule): said["reason"] for rule in rules}
        if not any(said.values()):
            found.add(finding(line, "comment", "this names no rule or no reason, or is not known"))
    for line, rule in ignores.keys() - {(f.line, f.rule) for f in findings}:
        found.add(finding(line, "comment", f"there is no {rule} here to ignore", level=Level.NOTE))
    return sorted(found | {replace(f, ignored=ignores.get((f.line, f.rule))) for f in findings})
