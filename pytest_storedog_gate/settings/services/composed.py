"""The services that an environment can name where a compose file describes some of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pytest_storedog_gate.deploy.environment import Service
from pytest_storedog_gate.reading.kinds import STRING
from pytest_storedog_gate.reading.nearest import suggestion
from pytest_storedog_gate.reading.table import Table
from pytest_storedog_gate.settings import services
from pytest_storedog_gate.settings.services.catalogue import KEYS
from pytest_storedog_gate.settings.services.compose import described, order
from pytest_storedog_gate.settings.services.compose.around import Around
from pytest_storedog_gate.settings.services.compose.words import joined
from pytest_storedog_gate.settings.services.refused import REFUSED

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    from pytest_storedog_gate.settings.services.compose import ComposeFile


class Described:
    """Those of both, for one environment, which says where some of them are `published`."""

    def __init__(
        self,
        top: Table,
        folder: Path,
        file: ComposeFile,
        environment: str,
        published: Collection[str],
    ) -> None:
        self._said = {table.name: table for table in top.tables("services")}
        self._top, self._folder, self._file = top, folder, file
        self._environment, self._published = environment, published
        self._more = {"STOREDOG_ENV": environment}
        for table in self._said.values():
            if table.name not in file.services:
                services.read(table, folder)
            else:
                self._check(table)

    def service(self, name: str) -> Service:
        """The service of that name; ValueError with a sentence where there is none."""
        self._require(name)
        said = self._said.get(name, self._top.table("services").table(name))
        if name not in self._file.services:
            return services.read(said, self._folder)
        data = {key: value for key, value in said.data.items() if key != "without"}
        own = Table(data, said.document, said.path)
        but = {*own.data} - {"environment"} | {*said.data.get("without", ())}
        table = self._file.service(name, but, self._more)
        around = Around(
            self._file.folder,
            self._file.defined,
            lambda one: self._more.get(one) or self._file.value_of(one),
            published=name in self._published,
            port=own.data.get("port"),
        )
        words = described.words(table, frozenset(but), around)
        return services.read(joined(own, table, words), self._folder)

    def elsewhere(self, name: str) -> Service:
        """A service that somebody else deploys: nothing but its image matters."""
        self._require(name)
        said = self._said[name].data if name in self._said else {}
        if "image" in said or name not in self._file.services:
            return Service(name, said.get("image", ""))
        part = self._file.part(name, "image", self._more)
        return Service(name, part.read({"image": STRING}).get("image", ""))

    def in_order(self, names: Sequence[str]) -> Sequence[str]:
        """As `depends_on` has it, and else as they are; ValueError where none can be the first."""
        return order.in_order(names, lambda name: list(self._before(name, names)))

    def _require(self, name: str) -> None:
        known = {*self._said, *self._file.services}
        if name not in known:
            raise ValueError(
                f"{name!r} is neither in {self._file.name} nor one of the [services.*]"
                f"{suggestion(name, known)}"
            )

    def _before(self, name: str, names: Sequence[str]) -> Iterator[str]:
        """Those of the names that have to be there before it."""
        said = self._said[name].data if name in self._said else {}
        if name not in self._file.services or "depends_on" in said.get("without", ()):
            return
        table = self._file.part(name, "depends_on", {})
        for need in order.needs(table):
            if need.ends:
                if "before_swap" not in said:
                    raise table.error(need.place, self._as_job(name, need.name))
            elif need.name in names:
                yield need.name
            elif need.required:
                raise table.error(
                    need.place,
                    f"{name} needs {need.name}, which is not among the services of "
                    f"environments.{self._environment}; add it there, or write `required: false`",
                )

    def _as_job(self, name: str, before: str) -> str:
        found = self._file.services.get(before)
        command = found.get("command") if isinstance(found, dict) else None
        job = f"before_swap = {{ command = {json.dumps(command or '...')} }}"
        return (
            f"{name} starts when {before} has ended: write `{job}` in [services.{name}] of the "
            "configuration, which the gate runs before each version"
        )

    def _check(self, said: Table) -> None:
        """What the configuration says of a service of the compose file, by whomever deployed."""
        without = said.read(KEYS, REFUSED).get("without", ())
        there = self._file.services[said.name] or {}
        for number, key in enumerate(without):
            if key not in there:
                raise said.error(
                    ("without", number),
                    f"{key!r} is not among the keys of {said.name} in {self._file.name}; "
                    "take it out",
                )
