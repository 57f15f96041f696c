"""Drone's conditions (`when`, `trigger`): which builds a step or a pipeline runs in.

https://docs.drone.io/pipeline/docker/syntax/conditions/
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .yaml_source import Located

NAMES = ("branch", "event", "ref", "target", "cron", "action", "repo", "instance")
_EVENTS = ("push", "pull_request", "tag", "cron", "custom", "promote", "rollback")
_OTHER = "something-else"


@dataclass(frozen=True)
class Condition:
    """What has to match one of `include`, if there is any, and none of `exclude`."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def matches(self, value: str) -> bool:
        """Whether Drone lets that value pass."""
        if any(_matches(pattern, value) for pattern in self.exclude):
            return False
        return not self.include or any(_matches(pattern, value) for pattern in self.include)


def read(located: Located) -> dict[str, Condition]:
    """The conditions by name, `status` among them; Drone looks at no others, `paths` neither."""
    entries = located.entries()
    return {name: _condition(entries[name]) for name in (*NAMES, "status") if name in entries}


def gap(
    inner: Iterable[Mapping[str, Condition]], outer: Iterable[Mapping[str, Condition]]
) -> str | None:
    """A build in which all of `inner` hold and not all of `outer`, e.g. `event promote`."""
    inner, outer = list(inner), list(outer)
    for name in NAMES:
        has = [conditions[name] for conditions in inner if name in conditions]
        needs = [conditions[name] for conditions in outer if name in conditions]
        for value in _values(name, [*has, *needs]):
            if all(c.matches(value) for c in has) and not all(c.matches(value) for c in needs):
                return f"{name} {value}" if value else f"a build without {name}"
    return None


def overlap(conditions: Iterable[Mapping[str, Condition]]) -> bool:
    """Whether there are builds in which all of the conditions hold."""
    every = list(conditions)
    for name in NAMES:
        named = [each[name] for each in every if name in each]
        if not any(all(c.matches(v) for c in named) for v in _values(name, named)):
            return False
    return True


def _condition(located: Located) -> Condition:
    entries = located.entries()
    if not entries:
        return Condition(_texts(located))
    return Condition(*(_texts(entries[n]) if n in entries else () for n in ("include", "exclude")))


def _texts(located: Located) -> tuple[str, ...]:
    return tuple(item.text or "" for item in located.items())


def _values(name: str, conditions: list[Condition]) -> list[str]:
    """Enough values to tell the conditions apart: one for each pattern, and one of none."""
    if name == "event":
        return list(_EVENTS)
    patterns = [p for c in conditions for p in (*c.include, *c.exclude)]
    examples = [re.sub(r"\*+|\?", "x", re.sub(r"\{([^,}]*)[^}]*\}", r"\1", p)) for p in patterns]
    return list(dict.fromkeys([*examples, _OTHER, ""]))


def _matches(pattern: str, value: str) -> bool:
    """Drone's globs are doublestar's: `*` within a path's part, `**` over parts, `{a,b}`."""
    translated = ""
    for token in re.findall(r"\*\*/?|\*|\?|\[[^\]]*\]|[{},]|\\.|.", pattern):
        translated += _GLOB.get(token) or (token if token[0] == "[" else re.escape(token[-1]))
    try:
        return re.fullmatch(translated, value) is not None
    except re.error:
        return False


_GLOB = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]", "{": "(?:", "}": ")", ",": "|"}
