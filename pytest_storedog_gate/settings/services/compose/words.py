"""One service of a compose file in the words of [services.*], and where each of them stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.reading.table import Document, Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_storedog_gate.reading.table import Keys


@dataclass
class Words:
    """What is said of a service; `origins` tells where the compose file says it.

    It has no word for `but`: the configuration says these.
    """

    but: frozenset[str] = frozenset()
    data: dict[str, Any] = field(default_factory=dict)
    origins: dict[Keys, Keys] = field(default_factory=dict)

    def set(self, key: str, value: Any, origin: Keys) -> None:
        if key not in self.but:
            self.data[key] = value
            self.origins[(key,)] = origin

    def add(self, key: str, item: Any, origin: Keys) -> None:
        """One more of a list."""
        if key not in self.but:
            listed = self.data.setdefault(key, [])
            self.origins[key, len(listed)] = origin
            self.origins.setdefault((key,), origin[:1])
            listed.append(item)

    def put(self, key: str, name: str, value: Any, origin: Keys) -> None:
        """One more of a table."""
        if key not in self.but:
            self.data.setdefault(key, {})[name] = value
            self.origins[key, name] = origin
            self.origins.setdefault((key,), origin[:1])


@dataclass(frozen=True)
class Joined(Document):
    """Where the parts of a service stand: in the configuration's table, else in a compose file."""

    said: Table = field(default_factory=lambda: Table({}))
    described: Table = field(default_factory=lambda: Table({}))
    origins: Mapping[Keys, Keys] = field(default_factory=dict)

    def place(self, path: Keys) -> str:
        rest = path[len(self.said.path) :]
        if _says(self.said.data, rest):
            return self.said.document.place(path)
        for length in range(len(rest), 0, -1):
            if rest[:length] in self.origins:
                rest = self.origins[rest[:length]] + rest[length:]
                break
        return self.described.document.place(self.described.path + rest)


def _says(data: Mapping[str, Any], keys: Keys) -> bool:
    """Whether the configuration has it; of a service's environment, whether it has the variable."""
    depth = 2 if keys[:1] == ("environment",) else 1
    for key in keys[:depth]:
        if not isinstance(data, dict) or key not in data:
            return False
        data = data[key]
    return len(keys) >= depth


def joined(said: Table, described: Table, words: Words) -> Table:
    """Both as one table: a key of the configuration goes before the file's of the same name.

    Of their environments, each variable.
    """
    data = {**words.data, **said.data}
    ours, theirs = said.data.get("environment"), words.data.get("environment")
    if isinstance(ours, dict) and isinstance(theirs, dict):
        data["environment"] = {**theirs, **ours}
    document = Joined(said=said, described=described, origins=words.origins, table="a table")
    return Table(data, document, said.path)
