"""What comments in the file say: `# storedog: production`, `config PATH`, `ignore[rule] reason`."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from pytest_storedog_gate.drone_lint.rules import RULES, Level, finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_storedog_gate.drone_lint.rules import Finding

_RULE = rf"\s*(?:{'|'.join(RULES)})\s*"
_COMMENT = re.compile(
    r"(?:^|\s)#\s*storedog:\s*(?:(?P<production>production\b)|config\s+(?P<config>\S+)"
    rf"|ignore\[(?P<rules>{_RULE}(?:,{_RULE})*)\]\s*(?P<reason>\S.*))?"
)


class Comment(NamedTuple):
    """A comment's line, the one that it is about (its own, or the next with YAML), its parts."""

    line: int
    about: int
    says: dict[str, str | None]


def read(text: str) -> Iterator[Comment]:
    """The comments of a file."""
    lines = text.splitlines()
    about = len(lines)
    for number in range(len(lines), 0, -1):
        about = number if re.match(r"\s*[^#\s]", lines[number - 1]) else about
        if said := _COMMENT.search(lines[number - 1]):
            yield Comment(number, about, said.groupdict())


def applied(comments: list[Comment], findings: Iterable[Finding]) -> Iterator[Finding]:
    """The findings, those that are ignored with the reason, and each comment in vain."""
    ignores: dict[tuple[int, str], str | None] = {}
    for line, about, says in comments:
        rules = (says["rules"] or "").replace(",", " ").split()
        ignores |= {(about, rule): says["reason"] for rule in rules}
        if not any(says.values()):
            what = "this comment is not known, or names no rule or no reason"
            yield unheard(line, what)
    findings = list(findings)
    for found in findings:
        yield replace(found, ignored=ignores.get((found.line, found.rule)))
    for line, rule in ignores.keys() - {(found.line, found.rule) for found in findings}:
        yield unheard(line, f"there is no {rule} here to ignore", Level.NOTE)


def unheard(line: int, what: str, level: Level = Level.ERROR) -> Finding:
    """The finding of a comment that changes nothing."""
    return finding(line, "comment", what, level=level)
