"""The configuration file: `storedog.toml`, or `[tool.storedog-gate]` in pyproject.toml.

Every mistake is one `ConfigurationError` that names file, line and key. Sections are read by the
modules of their names, those about reports by one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_storedog_gate.deploy.environment import is_name
from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.reading.files import text_of, toml_table
from pytest_storedog_gate.reading.kinds import STRING, TABLE, one_of
from pytest_storedog_gate.settings import environments, promotion, reports, synthetics
from pytest_storedog_gate.settings.services.catalogue import Catalogue, Undescribed

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path
    from typing import Any

    from pytest_storedog_gate.settings.environments import EnvironmentSection
    from pytest_storedog_gate.settings.promotion import Promotion
    from pytest_storedog_gate.settings.services.composed import Described


def _name(text: str) -> str:
    if not is_name(text):
        raise ValueError(f"{text!r} is no project name: use a-z, 0-9, - and _")
    return text


KEYS = {
    "project": STRING.meaning(_name),
    "compose": STRING,
    "verdicts": STRING,
    "junit": one_of("full", "xunit"),
    "synthetics": TABLE,
    "services": TABLE,
    "environments": TABLE,
    "promotion": TABLE,
    "gogs": TABLE,
    "datadog": TABLE,
}


@dataclass(frozen=True)
class Configuration:
    """What the file says; `verdicts` is the folder where they are kept.

    `junit` is the form of the JUnit file, None for what pytest is told of that. `synthetics` holds
    what the section says by key: the file is one of the places that say it. `secrets` are values
    that the compose file's services are given, and that must not be shown.
    """

    path: Path
    verdicts: Path
    synthetics: Mapping[str, Any]
    environments: Mapping[str, EnvironmentSection]
    promotion: Promotion
    project: str | None = None
    gogs: reports.Gogs | None = None
    markers: reports.Markers = field(default_factory=reports.Markers)
    junit: str | None = None
    secrets: Collection[str] = field(default=frozenset(), repr=False)

    def section(self, name: str) -> EnvironmentSection:
        """The environment that --storedog-env names."""
        if name not in self.environments:
            raise ConfigurationError(
                f"--storedog-env={name}: {self.path.name} has no [environments.{name}]; known: "
                f"{', '.join(self.environments) or 'none'}"
            )
        return self.environments[name]


def find(rootdir: Path, named: str | None, invocation_dir: Path) -> Path:
    """The file with the configuration: the one named, else the rootdir's default ones.

    A second one between the rootdir and the folder of the invocation could be meant as well, so
    that one of them has to be named.
    """
    if named is not None:
        path = (invocation_dir / named).resolve()
        if not path.is_file():
            raise ConfigurationError(
                f"--storedog-config={named}: there is no such file; name an existing one"
            )
        return path
    found = in_folder(rootdir)
    below = _below(rootdir.resolve(), invocation_dir.resolve())
    nearer = [second for folder in below if (second := in_folder(folder))]
    if nearer:
        used = f"{found} would be used" if found else f"pytest's rootdir {rootdir} has none"
        raise ConfigurationError(
            f"{nearer[0]} is nearer, and {used}: say which one is meant with --storedog-config=PATH"
        )
    if found is None:
        raise ConfigurationError(
            f"no configuration: {rootdir} has neither a storedog.toml nor a pyproject.toml with "
            "[tool.storedog-gate]; write one, or name it with --storedog-config=PATH"
        )
    return found


def in_folder(folder: Path) -> Path | None:
    """The file that a run takes where it names none and this is pytest's rootdir."""
    for name in ("storedog.toml", "pyproject.toml"):
        path = folder / name
        if path.is_file() and (
            name == "storedog.toml" or "[tool.storedog-gate" in text_of(path, str(path))
        ):
            return path
    return None


def _below(rootdir: Path, folder: Path) -> list[Path]:
    """`folder` and those above it that are below the rootdir; itself where it is not inside."""
    inside = [above for above in (folder, *folder.parents) if rootdir in above.parents]
    return inside or ([folder] if folder != rootdir else [])


def read(
    path: Path, deploys: str | None = None, environ: Mapping[str, str] | None = None
) -> Configuration:
    """Reads and checks the whole file; a mistake anywhere in it is an error.

    Its compose file is read for the environment that a run `deploys`, with `environ` as the
    variables of the process; without one it is left alone.
    """
    top = toml_table(path)
    if path.name == "pyproject.toml":
        top = top.table("tool").table("storedog-gate")
    said = top.read(KEYS)
    project = said.get("project", "")
    folder = path.parent
    known = (Undescribed if "compose" in said else Catalogue)(top, folder)
    file, sections = None, {}
    for table in top.tables("environments"):
        catalogue: Catalogue | Undescribed | Described = known
        if "compose" in said and table.name == deploys:
            # Compose's words take a dozen files to read, which no other run has to import.
            from pytest_storedog_gate.settings.services.compose import ComposeFile  # noqa: PLC0415
            from pytest_storedog_gate.settings.services.composed import Described  # noqa: PLC0415

            file = ComposeFile.read(folder / said["compose"], said["compose"], environ or {})
            published = table.data.get("publish", ())
            catalogue = Described(top, folder, file, table.name, published)
        sections[table.name] = environments.read(table, catalogue, project, folder)
    environments.check_order(top.table("environments"), sections)
    return Configuration(
        path,
        path.parent / said.get("verdicts", ".storedog/verdicts"),
        top.table("synthetics").read(synthetics.KEYS),
        sections,
        promotion.read(top.table("promotion"), path.parent),
        said.get("project"),
        reports.gogs(top.table("gogs")) if "gogs" in said else None,
        reports.markers(top.table("datadog")),
        said.get("junit"),
        file.secrets if file else frozenset(),
    )
