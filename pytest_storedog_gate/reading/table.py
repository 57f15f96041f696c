"""A table that people wrote, in TOML or JSON: what its keys mean, and where each one stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.reading.nearest import suggestion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pytest_storedog_gate.reading.kinds import Kind

Keys = tuple[str | int, ...]


@dataclass(frozen=True)
class Document:
    """What a table stands in: a file's name, empty for what is in none.

    `line_of` tells where the value of a path stands, None where it stands nowhere; `root` is how
    its paths begin, `table` what it calls a table. `moved` tells where a path really stands, in a
    table that was put together.
    """

    name: str = ""
    line_of: Callable[[Keys], int | None] = lambda _keys: None
    root: str = ""
    table: str = "an object"
    moved: Callable[[Keys], Keys] = lambda keys: keys

    def place(self, path: Keys) -> str:
        """File, line and keys of `path`; the line is that of what is nearest around it."""
        path = self.moved(path)
        around = (path[:length] for length in range(len(path), 0, -1))
        line = next((line for outer in around if (line := self.line_of(outer))), None)
        file = f"{self.name}:{line}" if line else self.name
        keys = self.root + "".join(f"[{k}]" if isinstance(k, int) else f".{k}" for k in path)
        return ": ".join(filter(None, (file, keys.removeprefix("."))))


@dataclass(frozen=True)
class Table:
    """One table: `data`, which stands at `path`; ConfigurationError where it is none."""

    data: Mapping[str, Any] = field(repr=False)
    document: Document = Document()
    path: Keys = ()

    def __post_init__(self) -> None:
        if not isinstance(self.data, dict):
            raise self.error((), f"must be {self.document.table}")

    @property
    def name(self) -> str:
        """The last key of its path."""
        return str(self.path[-1])

    @property
    def place(self) -> str:
        """Where it stands."""
        return self.document.place(self.path)

    def error(self, key: Keys, what: str) -> ConfigurationError:
        """What is wrong at `key`, which starts from here."""
        return ConfigurationError(f"{self.document.place(self.path + key)}: {what}")

    def read(
        self,
        kinds: Mapping[str, Kind],
        refused: Mapping[str, str] | None = None,
        needed: Sequence[str] = (),
    ) -> dict[str, Any]:
        """What its keys mean. ConfigurationError has a sentence for each fault.

        `refused` says of a key why it cannot be used.
        """
        values, faults = {}, []
        for key, value in self.data.items():
            try:
                values[key] = _read(key, value, kinds, refused or {})
            except ValueError as error:
                faults.append(self.error((key,), str(error)))
        missing = (key for key in needed if key not in self.data)
        faults += [self.error((), f"the key {key!r} is missing; add it") for key in missing]
        refuse(faults)
        return values

    def each(self, kind: Kind) -> dict[str, Any]:
        """What its keys mean, whatever they are called."""
        return self.read(dict.fromkeys(self.data, kind))

    def table(self, key: str) -> Table:
        """The table at `key`, an empty one where there is none."""
        return Table(self.data.get(key, {}), self.document, (*self.path, key))

    def tables(self, key: str) -> list[Table]:
        """The tables in the table at `key`."""
        parent = self.table(key)
        return [parent.table(name) for name in parent.data]


def _read(key: str, value: object, kinds: Mapping[str, Kind], refused: Mapping[str, str]) -> Any:
    if key in refused:
        raise ValueError(refused[key])
    if key not in kinds:
        raise ValueError(f"unknown key{suggestion(key, kinds)}")
    return kinds[key].read(value)


def refuse(faults: Iterable[object]) -> None:
    """Raises ConfigurationError where there are any: a line each, to mend them all at once."""
    if text := "\n".join(map(str, faults)):
        raise ConfigurationError(text)


def together(*readers: Callable[[], Any]) -> list[Any]:
    """What each of them reads; the faults that they find are one ConfigurationError."""
    values, faults = [], []
    for read in readers:
        try:
            values.append(read())
        except ConfigurationError as error:
            faults.append(error)
    refuse(faults)
    return values
