"""YAML with the line of every value; anchors and merge keys are resolved as Drone does it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml

from pytest_storedog_gate.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

_MERGE = "tag:yaml.org,2002:merge"
_NULL = "tag:yaml.org,2002:null"


@dataclass(frozen=True)
class Located:
    """A node and the line, from 1, where a reader looks for it: its key's, if it has one."""

    node: yaml.Node | None
    line: int

    def get(self, key: str) -> Located:
        """The value of that key; an empty one where there is none."""
        return self.entries().get(key, Located(None, self.line))

    def entries(self) -> dict[str, Located]:
        """A mapping's values by key.

        The last of several counts, and to Drone what `<<` brings stands where `<<` does: it
        replaces the keys before it.
        """
        if not isinstance(self.node, yaml.MappingNode):
            return {}
        found: dict[str, Located] = {}
        for key, value in self.node.value:
            if key.tag == _MERGE:
                several = isinstance(value, yaml.SequenceNode)
                for source in reversed(value.value) if several else [value]:
                    found |= Located(source, self.line).entries()
            else:
                found[str(key.value)] = Located(value, key.start_mark.line + 1)
        return found

    def items(self) -> list[Located]:
        """A sequence's values; one value alone counts as a sequence of it."""
        if self.node is None:
            return []
        if not isinstance(self.node, yaml.SequenceNode):
            return [self]
        return [Located(node, node.start_mark.line + 1) for node in self.node.value]

    @property
    def text(self) -> str | None:
        """A scalar's text; None for null and for anything else."""
        if not isinstance(self.node, yaml.ScalarNode) or self.node.tag == _NULL:
            return None
        return str(self.node.value)

    @property
    def true(self) -> bool:
        """Whether it is one of YAML's words for true."""
        return (self.text or "").lower() in ("true", "yes", "on", "y")

    def text_lines(self) -> list[int]:
        """The file's line of each row of a scalar's text."""
        rows = (self.text or "").count("\n") + 1
        if self.node is None:
            return [self.line] * rows
        first = self.node.start_mark.line + 1
        if isinstance(self.node, yaml.ScalarNode) and self.node.style == "|":
            return list(range(first + 1, first + 1 + rows))
        return [first] * rows


def documents(text: str, file: str) -> Iterator[Located]:
    """Each document of the file, a mapping. Raises ConfigurationError for anything else."""
    try:
        nodes = list(yaml.compose_all(text, Loader=yaml.SafeLoader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{file}:{mark.line + 1}" if mark else file
        raise ConfigurationError(f"{where}: not valid YAML: {error.problem}; correct it") from None
    except yaml.YAMLError as error:
        sentence = " ".join(str(error).split())
        raise ConfigurationError(f"{file}: not valid YAML: {sentence}; correct it") from None
    for node in nodes:
        if isinstance(node, yaml.MappingNode):
            yield Located(node, node.start_mark.line + 1)
        elif node is not None:
            line = node.start_mark.line + 1
            raise ConfigurationError(
                f"{file}:{line}: this is no mapping, so no pipeline; write `kind: pipeline`"
            )
