"""The services that an environment can name: those of the configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_storedog_gate.deploy.environment import Service
from pytest_storedog_gate.reading.kinds import LIST
from pytest_storedog_gate.reading.nearest import suggestion
from pytest_storedog_gate.settings import services
from pytest_storedog_gate.settings.services.refused import REFUSED

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pytest_storedog_gate.reading.table import Table

# What [services.*] says of a service that the compose file has.
KEYS = {**services.KEYS, "without": LIST}


class Catalogue:
    """Those of the configuration alone; `top` is all of it, and paths are relative to `folder`.

    ConfigurationError names each fault of [services.*], whoever deploys it.
    """

    def __init__(self, top: Table, folder: Path) -> None:
        self._known = {table.name: services.read(table, folder) for table in top.tables("services")}

    def service(self, name: str) -> Service:
        """The service of that name; ValueError with a sentence where there is none."""
        if name not in self._known:
            known = suggestion(name, self._known)
            raise ValueError(f"{name!r} is not one of the file's [services.*]{known}")
        return self._known[name]

    def elsewhere(self, name: str) -> Service:
        """The same, of a service that somebody else deploys."""
        return self.service(name)

    def in_order(self, names: Sequence[str]) -> Sequence[str]:
        """The names as they are to start."""
        return names


class Undescribed:
    """Where nothing is deployed: no matter what the compose file says, or whether it is there."""

    def __init__(self, top: Table, _folder: Path) -> None:
        self._said = {table.name: table for table in top.tables("services")}
        for table in self._said.values():
            table.read(KEYS, REFUSED)

    def service(self, name: str) -> Service:
        """Every service may be there."""
        said = self._said[name].data if name in self._said else {}
        return Service(name, said.get("image", ""), 1, candidate=said.get("candidate"))

    elsewhere = service

    def in_order(self, names: Sequence[str]) -> Sequence[str]:
        return names
