"""A compose file, whose services are those of the configuration.

https://docs.docker.com/reference/compose-file/
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.reading import env_file
from pytest_storedog_gate.reading.files import text_of
from pytest_storedog_gate.reading.interpolation import interpolated
from pytest_storedog_gate.reading.nearest import suggestion
from pytest_storedog_gate.reading.table import Table, refuse
from pytest_storedog_gate.reading.yaml_files import yaml_table
from pytest_storedog_gate.settings.services.compose.known import FILE

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from pathlib import Path

    from pytest_storedog_gate.reading.table import Keys

# Elsewhere a variable says a tag, a port or a folder, which people have to read.
_SECRET = ("environment", "command", "entrypoint", "healthcheck")


@dataclass(frozen=True)
class ComposeFile:
    """One that was read; `variables` are those of the process, and of .env beside the file.

    `secrets` are the values of them that containers are given: more as more services are read.
    """

    table: Table
    folder: Path
    variables: Mapping[str, str] = field(repr=False)
    secrets: set[str] = field(default_factory=set, repr=False)

    @classmethod
    def read(cls, path: Path, name: str, environ: Mapping[str, str]) -> ComposeFile:
        """Reads and checks the file, which an error calls `name`, but not its services yet."""
        table = yaml_table(path, name, "compose")
        faults = [
            table.error((key,), _unknown(key))
            for key in table.data
            if key not in FILE and not key.startswith("x-")
        ]
        refuse(faults)
        if not isinstance(table.data.get("services"), dict):
            raise table.error(("services",), "there are no services; name the file that has them")
        return cls(table, path.parent, _variables(path.parent, environ))

    @property
    def name(self) -> str:
        return self.table.document.name

    @property
    def services(self) -> Mapping[str, Any]:
        """By name, as the file has them."""
        data: Mapping[str, Any] = self.table.data["services"]
        return data

    def service(self, name: str, but: Collection[str], more: Mapping[str, str]) -> Table:
        """A service without the keys `but`, and with the values of its variables.

        `more` are further ones, no secrets.
        """
        return self._service(name, lambda key: key not in but, more)

    def part(self, name: str, key: str, more: Mapping[str, str]) -> Table:
        """The same with one of its keys alone."""
        return self._service(name, lambda one: one == key, more)

    def _service(self, name: str, wanted: Callable[[str], bool], more: Mapping[str, str]) -> Table:
        whole = self.table.table("services").table(name)
        data = {key: value for key, value in whole.data.items() if wanted(key)}
        table = Table(data, whole.document, whole.path)
        return Table(self._filled(table, more, secret=_SECRET), whole.document, whole.path)

    def defined(self, section: str, name: str) -> Table | None:
        """What stands there under that name, None where nothing does."""
        parent = self.table.table(section) if self.table.data.get(section) else Table({})
        if name not in parent.data:
            return None
        table = Table(parent.data[name] or {}, parent.document, (*parent.path, name))
        return Table(self._filled(table, {}), table.document, table.path)

    def value_of(self, name: str) -> str | None:
        """What a variable holds that a container is given."""
        value = self.variables.get(name)
        self.secrets.update([value] if value else [])
        return value

    def _filled(
        self,
        table: Table,
        more: Mapping[str, str],
        secret: Collection[str] = (),
    ) -> dict[str, Any]:
        faults: list[ConfigurationError] = []

        def filled(keys: Keys, value: Any) -> Any:
            if isinstance(value, dict):
                return {key: filled((*keys, key), one) for key, one in value.items()}
            if isinstance(value, list):
                return [filled((*keys, number), one) for number, one in enumerate(value)]
            if not isinstance(value, str) or "$" not in value:
                return value
            known = self.value_of if keys[0] in secret else self.variables.get
            try:
                return interpolated(value, lambda name: more.get(name) or known(name))
            except ValueError as error:
                faults.append(table.error(keys, str(error)))
                return value

        data: dict[str, Any] = filled((), table.data)
        refuse(faults)
        return data


def _unknown(key: str) -> str:
    if key in ("include", "models"):
        return "is not followed; name the file that has the services themselves"
    return f"unknown key{suggestion(key, FILE)}"


def _variables(folder: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Those of the process, and beneath them those of `.env` in the folder."""
    path = folder / ".env"
    if not path.is_file():
        return dict(environ)
    found: dict[str, str] = {}
    for name, value in env_file.read(text_of(path, path.name), path.name).items():
        try:
            known = {**found, **environ}.get
            found[name] = value.text if value.literal else interpolated(value.text, known)
        except ValueError:
            raise ConfigurationError(
                f"{path.name}: {name}: has a $ that begins no variable, or one that is not set; "
                "put the value in single quotes where it stands for itself (it is not shown)"
            ) from None
    return {**found, **environ}
