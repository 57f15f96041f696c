"""What comments in the file say: `# storedog: production`, `config PATH`, `ignore[rule] reason`."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pytest_storedog_gate.drone_lint.rules import RULES, Level, finding

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_storedog_gate.drone_lint.rules import Finding

_COMMENT = re.compile(
    r"(?:^|\s)#\s*storedog:\s*(?:(?P<production>production\b)|config\s+(?P<config>\S+)"
    r"|ignore\[(?P<rules>[^\]]*)\]\s*(?P<reason>.*))?"
)


@dataclass
class Comments:
    """What they say, by the line that they are about: their own, or the next one that has YAML."""

    production: list[tuple[int, int]] = field(default_factory=list)
    configuration: str = ""
    ignores: dict[tuple[int, str], str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def applied(self, findings: Iterable[Finding]) -> list[Finding]:
        """The findings, those that are ignored with the reason, and each comment in vain."""
        found = [replace(f, ignored=self.ignores.get((f.line, f.rule))) for f in findings]
        in_vain = self.ignores.keys() - {(f.line, f.rule) for f in found}
        notes = (
            unheard(n, f"there is no {rule} here to ignore", Level.NOTE) for n, rule in in_vain
        )
        return [*found, *self.findings, *notes]


def read(text: str) -> Comments:
    """The comments of a file."""
    found = Comments()
    lines = text.splitlines()
    with_yaml = [n for n, line in enumerate(lines, 1) if re.match(r"\s*[^#\s]", line)]
    for number, line in enumerate(lines, 1):
        if "storedog:" not in line or not (match := _COMMENT.search(line)):
            continue
        at = bisect_left(with_yaml, number)
        about = with_yaml[at] if at < len(with_yaml) else number
        rules = [rule.strip() for rule in (match["rules"] or "").split(",")]
        if match["production"]:
            found.production.append((number, about))
        elif match["config"]:
            found.configuration = match["config"]
        elif match["reason"] and set(rules) <= set(RULES):
            found.ignores |= {(about, rule): match["reason"].strip() for rule in rules}
        else:
            what = "this comment is not known, or names no rule or no reason"
            found.findings.append(unheard(number, what))
    return found


def unheard(line: int, what: str, level: Level = Level.ERROR) -> Finding:
    """The finding of a comment that changes nothing."""
    return finding(line, "comment", what, level=level)
