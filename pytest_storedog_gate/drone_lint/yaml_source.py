"""YAML with the line of every value; anchors and merge keys are resolved as Drone does it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from pytest_storedog_gate.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

_MERGE, _NULL = "tag:yaml.org,2002:merge", "tag:yaml.org,2002:null"


@dataclass(frozen=True, eq=False)
class Located:
    """A node and the line, from 1, where a reader looks for it: its key's, if it has one."""

    node: yaml.Node | None
    line: int
    cache: dict[yaml.Node, dict[str, Located] | None]

    def get(self, key: str) -> Located:
        """The value of that key; an empty one where there is none."""
        return self.entries().get(key, Located(None, self.line, self.cache))

    def entries(self) -> dict[str, Located]:
        """A mapping's values by key. Raises RecursionError for one that is merged into itself.

        The last of several counts, and to Drone what `<<` brings stands where `<<` does: it
        replaces the keys before it. Each node is read once, however often it is merged.
        """
        if not isinstance(self.node, yaml.MappingNode):
            return {}
        if self.node in self.cache:
            if (known := self.cache[self.node]) is None:
                raise RecursionError
            return known
        self.cache[self.node] = None
        found: dict[str, Located] = {}
        for key, value in self.node.value:
            if key.tag == _MERGE:
                several = isinstance(value, yaml.SequenceNode)
                for source in reversed(value.value) if several else [value]:
                    found |= Located(source, self.line, self.cache).entries()
            else:
                at = Located(key, key.start_mark.line + 1, self.cache)
                found[at.text or ""] = Located(value, at.line, self.cache)
        self.cache[self.node] = found
        return found

    def items(self) -> list[Located]:
        """A sequence's values; one value alone counts as a sequence of it."""
        if not isinstance(self.node, yaml.SequenceNode):
            return [self] if self.node and self.node.tag != _NULL else []
        return [Located(n, n.start_mark.line + 1, self.cache) for n in self.node.value]

    @property
    def written(self) -> str | None:
        """A scalar's text as it is written; None for null and for anything else."""
        is_text = isinstance(self.node, yaml.ScalarNode) and self.node.tag != _NULL
        return str(self.node.value) if self.node and is_text else None

    @property
    def text(self) -> str | None:
        """A scalar's text once Drone has put in `${NAME}`, as far as the file tells."""
        pattern = r"\$\$|\$\{(?P<name>\w+)(?P<rest>[^}]*)\}"
        return None if self.written is None else re.sub(pattern, _substituted, self.written)

    def texts(self, key: str) -> list[str]:
        """The texts of that key's items."""
        return [item.text or "" for item in self.get(key).items()]

    @property
    def lines(self) -> range:
        """The file's lines that it takes."""
        if self.node is None:
            return range(0)
        end = self.node.end_mark
        return range(self.node.start_mark.line + 1, end.line + 1 + (end.column > 0))


class _Loader(yaml.SafeLoader):
    """Refuses what may be something else once Drone has put in `${NAME}`, as it does at first."""

    def compose_mapping_node(self, anchor: dict[Any, yaml.Node]) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        for key, _ in node.value:
            if re.search(r"\$\{(DRONE|CI)_", str(key.value)):
                raise yaml.MarkedYAMLError(
                    problem="a key of Drone's own", problem_mark=key.start_mark
                )
        return node


def documents(text: str, file: str) -> Iterator[Located]:
    """Each document of the file, a mapping. Raises ConfigurationError for anything else."""
    for number, line in enumerate(text.split("\n"), 1):
        if re.search(r"\$\{[^}]*$", line.replace("$$", "")):
            what = "Drone may put away the lines up to the next `}`; end `${` in its own line"
            raise ConfigurationError(f"{file}:{number}: {what}")
    try:
        nodes = list(yaml.compose_all(text, Loader=_Loader))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        problem = getattr(error, "problem", None) or " ".join(str(error).split())
        where = f"{file}:{mark.line + 1}" if mark else file
        raise ConfigurationError(f"{where}: not valid YAML: {problem}; correct it") from None
    for node in filter(None, nodes):
        at = node.start_mark.line + 1
        if not isinstance(node, yaml.MappingNode):
            what = "this is no mapping, so no pipeline; write `kind: pipeline`"
            raise ConfigurationError(f"{file}:{at}: {what}")
        yield Located(node, at, {})


def _substituted(match: re.Match[str]) -> str:
    if match[0] == "$$":
        return "$"
    default = re.fullmatch(r":?[-=+?](.*)", match["rest"], re.DOTALL)
    known = match["name"].startswith(("DRONE_", "CI_"))
    return match[0] if known else default[1] if default else ""
