"""What comments in the file say: `# storedog: production`, `config PATH`, `ignore[rule] reason`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pytest_storedog_gate.drone_lint.rules import RULES, Level, finding

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_storedog_gate.drone_lint.rules import Finding

_COMMENT = re.compile(
    r"(?P<before>(?:.*\s)?)#\s*storedog:\s*(?:(?P<production>production)\b.*|config\s+(?P<config>\S+).*"
    r"|ignore\[(?P<rules>[^\]]*)\]\s*(?P<reason>.*)|(?P<other>.*))"
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
        notes = [(line, f"there is no {rule} here to ignore") for line, rule in in_vain]
        return [
            *found,
            *(finding(line, "comment", what, level=Level.NOTE) for line, what in notes),
            *self.findings,
        ]


def read(text: str) -> Comments:
    """The comments of a file."""
    found = Comments()
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        if "storedog:" not in line or not (match := _COMMENT.fullmatch(line)):
            continue
        below = (
            n for n, other in enumerate(lines[number:], number + 1) if re.match(r"\s*[^#\s]", other)
        )
        about = number if match["before"].strip() else next(below, number)
        rules = [rule.strip() for rule in (match["rules"] or "").split(",")]
        if match["production"]:
            found.production.append((number, about))
        elif match["config"]:
            found.configuration = match["config"]
        elif match["reason"] and set(rules) <= set(RULES):
            found.ignores |= {(about, rule): match["reason"].strip() for rule in rules}
        else:
            what = "this comment is not known, or names no rule or no reason"
            found.findings.append(finding(number, "comment", what))
    return found
