"""A CI system as a table: how it is recognised, and which of its variables tell what."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

# What stands before a branch or a tag in a ref.
REF_PREFIX = re.compile(r"(?:refs/heads/|refs/tags/|refs/remotes/|origin/|tags/)*")
_PLACEHOLDER = re.compile(r"\{(\w+)\}")

Variables = Mapping[str, str]
# A tag's value: a template, or several of which the first counts that has all its variables.
Table = Mapping[str, str | tuple[str, ...]]


def _nothing(_: Variables) -> Variables:
    return {}


@dataclass(frozen=True)
class System:
    """One is recognised by a variable of `marks` that is set, and starts with `mark_prefix`.

    `derived` computes the few values that are no plain variables; their names are lower case.
    """

    name: str
    marks: tuple[str, ...]
    table: Table
    mark_prefix: str = ""
    derived: Callable[[Variables], Variables] = _nothing

    def runs_here(self, environ: Variables) -> bool:
        """Whether this process is a step of it."""
        values = [environ.get(mark, "") for mark in self.marks]
        return any(value and value.startswith(self.mark_prefix) for value in values)

    def tags(self, environ: Variables) -> dict[str, str]:
        """What it says, by tag."""
        variables = {**environ, **self.derived(environ)}
        return {"ci.provider.name": self.name, **filled(self.table, variables)}


def filled(table: Table, variables: Variables) -> dict[str, str]:
    """The tags whose template has all its variables, filled in."""
    tags = {}
    for tag, templates in table.items():
        for template in (templates,) if isinstance(templates, str) else templates:
            names = _PLACEHOLDER.findall(template)
            if all(variables.get(name) for name in names):
                value = _PLACEHOLDER.sub(lambda match: variables[match[1]], template)
                # Bytes that are no UTF-8 are surrogates to Python, which no server would take.
                tags[tag] = value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
                break
    return tags
