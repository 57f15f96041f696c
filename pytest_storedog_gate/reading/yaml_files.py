"""Files of YAML as tables that know the line of each key: anchors, aliases and merge keys done.

Each scalar is its text, None where it is null: whether `1.10`, `yes` or `22:22` is a number, a
truth or a text is for those to say who know what stands there, and YAML's versions do not agree.
"""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING, Any, cast

from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.reading.files import text_of
from pytest_storedog_gate.reading.table import Document, Table

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_storedog_gate.reading.table import Keys

    Node = Any  # PyYAML's; its types do not know what one is
    Entries = dict[str, tuple[Node, Node]]

_MOST = 100_000  # values, each counted as often as an alias repeats it
_TAG = "tag:yaml.org,2002:"
_TAGS = {_TAG + name for name in ("str", "null", "bool", "int", "float", "seq", "map", "merge")}
_NULL = ("", "~", "null", "Null", "NULL")


class Plain(str):
    """A scalar without quotes, which may be meant as a number or a truth."""

    __slots__ = ()


def yaml_table(path: Path, name: str, needed_by: str) -> Table:
    """The whole file, which an error calls `name`; `needed_by` is what installs PyYAML."""
    try:
        import yaml  # noqa: PLC0415  # an extra
    except ImportError:
        raise ConfigurationError(
            f"{name}: needs a package that is not installed: pip install "
            f"'pytest-storedog-gate[{needed_by}]'"
        ) from None
    text = text_of(path, name)
    try:
        root = yaml.compose(text, Loader=yaml.BaseLoader)
        tree = _Tree(name)
        data: Any = None if root is None else tree.value(root)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or " ".join(str(error).split())
        where = f"{name}:{mark.line + 1}" if mark else name
        raise ConfigurationError(f"{where}: not valid YAML: {problem}; correct it") from None
    except RecursionError:
        raise ConfigurationError(f"{name}: nested too deeply; write it flatter") from None
    return Table(data, Document(name, partial(tree.line, root), table="a mapping"))


class _Tree:
    """What the nodes of a file stand for; ConfigurationError where that is nothing readable."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._left = _MOST
        self.entries: Callable[[Node], Entries] = cache(self._entries)

    def value(self, node: Node, above: tuple[Node, ...] = ()) -> Any:
        """A dict, a list, a text, or None."""
        self._left -= 1
        if self._left < 0:
            raise self._error(node, f"there are more than {_MOST} values; write less")
        if node in above:
            raise self._error(node, "an anchor holds itself; write out what is meant")
        if node.tag not in _TAGS:
            raise self._error(node, f"the tag {node.tag} is not known here; leave it out")
        if node.id == "mapping":
            pairs = self.entries(node).items()
            return {key: self.value(value, (*above, node)) for key, (_, value) in pairs}
        if node.id == "sequence":
            return [self.value(item, (*above, node)) for item in node.value]
        # Without quotes it has no style.
        text = cast("str", node.value)
        if getattr(node, "style", None):
            return text
        return None if text in _NULL else Plain(text)

    def line(self, root: Node, keys: Keys) -> int | None:
        """Where the value of these keys stands: its key, where it has one."""
        node, at = root, root
        for key in keys:
            if node.id == "mapping" and key in (entries := self.entries(node)):
                at, node = entries[str(key)]
            elif node.id == "sequence" and isinstance(key, int) and key < len(node.value):
                at = node = node.value[key]
            else:
                return None
        return cast("int", at.start_mark.line) + 1

    def _entries(self, mapping: Node) -> Entries:
        """Its keys with their nodes; what it says itself goes before what it merges."""
        own: Entries = {}
        merged: Entries = {}
        seen: set[tuple[str, bool]] = set()
        for key, value in mapping.value:
            if key.id != "scalar":
                raise self._error(key, "a key must be a text")
            merges = key.value == "<<" and not key.style
            if (key.value, merges) in seen:
                raise self._error(key, f"the key {key.value!r} stands there twice; keep one")
            seen.add((key.value, merges))
            if not merges:
                own[key.value] = (key, value)
                continue
            for source in value.value if value.id == "sequence" else [value]:
                if source.id != "mapping":
                    raise self._error(value, "`<<` merges a mapping or a list of them")
                merged = {**self.entries(source), **merged}
        return {**merged, **own}

    def _error(self, node: Node, what: str) -> ConfigurationError:
        return ConfigurationError(f"{self._name}:{node.start_mark.line + 1}: {what}")
