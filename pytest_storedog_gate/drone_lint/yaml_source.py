"""YAML with the lines of every value; anchors and merge keys are resolved as Drone does it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import yaml

from pytest_storedog_gate.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SUBSTITUTED = re.compile(r"\$\$|\$\{(?!DRONE_|CI_)\w+(?::?[-=+?](?P<default>[^}]*)|[^}]*)\}")


@dataclass(frozen=True)
class Node:
    """A value, that can be asked for anything: what it does not have is empty.

    `line`, from 1, is its key's, if it has one; `first` is its text's, and `last` its own last one.
    `written` is a scalar's text as it is in the file.
    """

    line: int
    first: int = 0
    last: int = 0
    written: str | None = None
    sequence: Sequence[Node] = ()
    entries: Mapping[str, Node] = field(default_factory=dict)

    def get(self, key: str) -> Node:
        """The value of that key; an empty one where there is none."""
        return self.entries.get(key, Node(self.line))

    @property
    def items(self) -> Sequence[Node]:
        """A sequence's values; a scalar alone counts as a sequence of it."""
        return self.sequence if self.written is None else [self]

    @property
    def text(self) -> str | None:
        """A scalar's text once Drone has put in `${NAME}`, as far as the file tells."""
        return None if self.written is None else _substituted(self.written)

    def texts(self, key: str) -> list[str]:
        """The texts of that key's items."""
        return [item.text or "" for item in self.get(key).items]


def documents(text: str, file: str) -> list[Node]:
    """The documents of the file, mappings. Raises ConfigurationError for anything else."""
    for number, line in enumerate(text.split("\n"), 1):
        if re.search(r"\$\{[^}]*$", line.replace("$$", "")):
            what = "Drone may put away the lines up to the next `}`; end `${` in its own line"
            raise ConfigurationError(f"{file}:{number}: {what}")
    try:
        roots: list[Node] = list(yaml.load_all(text, _Loader))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        problem = getattr(error, "problem", None) or " ".join(str(error).split())
        where = f"{file}:{mark.line + 1}" if mark else file
        raise ConfigurationError(f"{where}: not valid YAML: {problem}; correct it") from None
    for root in roots:
        if root.items:
            what = "this is no mapping, so no pipeline; write `kind: pipeline`"
            raise ConfigurationError(f"{file}:{root.line}: {what}")
    return roots


def _made(loader: _Loader, raw: yaml.Node) -> Node:
    """Each is made once, however often it is merged; what holds itself is an error of YAML."""
    first, block = raw.start_mark.line + 1, getattr(raw, "style", None) == "|"
    node = Node(first, first + block, raw.end_mark.line + (raw.end_mark.column > 0))
    if isinstance(raw, yaml.SequenceNode):
        return replace(node, sequence=[loader.construct_object(e, deep=True) for e in raw.value])
    if isinstance(raw, yaml.ScalarNode):
        is_null = raw.tag == "tag:yaml.org,2002:null"
        return replace(node, written=None if is_null else str(raw.value))
    entries: dict[str, Node] = {}
    for key, value in raw.value:
        made: Node = loader.construct_object(value, deep=True)
        # The last of several keys counts; what `<<` brings replaces the keys before it.
        if key.tag == "tag:yaml.org,2002:merge":
            for source in reversed(made.sequence or [made]):
                entries |= source.entries
        elif re.search(r"\$\{(DRONE|CI)_", str(key.value)):
            # Drone puts in the value at first, and then this may be any key.
            raise yaml.MarkedYAMLError(problem="a key of Drone's own", problem_mark=key.start_mark)
        else:
            entries[_substituted(str(key.value))] = replace(made, line=key.start_mark.line + 1)
    return replace(node, entries=entries)


class _Loader(yaml.SafeLoader):
    yaml_constructors = {None: _made}  # noqa: RUF012  # for each tag


def _substituted(text: str) -> str:
    return _SUBSTITUTED.sub(lambda found: "$" if found[0] == "$$" else found["default"] or "", text)
