"""The places that ask for checks, and what they ask for together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.datadog import test_files
from pytest_storedog_gate.datadog.overrides import merged
from pytest_storedog_gate.datadog.public_ids import CheckReference
from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.settings.datadog_ci import DatadogCi
from pytest_storedog_gate.settings.options import FLAGS
from pytest_storedog_gate.settings.precedence import COMMAND_LINE
from pytest_storedog_gate.settings.requirements import Asked, Requirements

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from pytest_storedog_gate.datadog.test_files import CheckEntry
    from pytest_storedog_gate.settings.environments import EnvironmentSection
    from pytest_storedog_gate.settings.options import Options


@dataclass(frozen=True)
class Level:
    """What one place asks for; the globs of `files` are relative to `root`."""

    source: str
    root: Path
    checks: tuple[CheckReference, ...] = ()
    files: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    overrides: Mapping[str, Any] = field(default_factory=dict, repr=False)
    in_git: bool = True

    @property
    def asks(self) -> bool:
        """Whether it asks for any check."""
        return bool(self.checks or self.files or self.search)


@dataclass(frozen=True)
class CiSource:
    """A place that speaks to datadog-ci: what it says, and what it asks for."""

    said: DatadogCi
    level: Level

    @classmethod
    def of_file(cls, named: str | None, root: Path, *, in_git: bool) -> CiSource:
        """A file, `named` relative to `root`, or nothing. Raises ConfigurationError."""
        said = DatadogCi.from_file(root / named) if named else DatadogCi()
        return cls.of(said, named or "", root, in_git=in_git)

    @classmethod
    def of(cls, said: DatadogCi, source: str, root: Path, *, in_git: bool) -> CiSource:
        """What is `said` at `source`. Raises ConfigurationError."""
        checks = _references(said.public_ids, f"the public IDs of {source}")
        search = _one(said.search)
        return cls(said, Level(source, root, checks, said.files, search, said.overrides, in_git))


def of_options(options: Options) -> Level:
    """What the command line asks for."""
    return Level(
        COMMAND_LINE,
        options.folder,
        _references(options.public_ids, FLAGS["public_ids"]),
        tuple(options.files),
        tuple(options.search),
        in_git=False,
    )


def of_section(section: EnvironmentSection, path: Path) -> Level:
    """What an environment of the configuration at `path` asks for."""
    return Level(
        path.name,
        path.parent,
        tuple(dict.fromkeys((*section.checks, *section.checks_after))),
        section.files,
        _one(section.search),
        section.environment.overrides,
    )


def names(section: EnvironmentSection, path: Path, ci_file: CiSource) -> tuple[str, ...]:
    """What the files require of an environment today, as the record of its run names it."""
    asking = [of_section(section, path), ci_file.level]
    asked = gathered(asking, narrow=False, execution_rules=section.execution_rules).names()
    watch = section.watch.required() if section.watch else ()
    return (*asked, *watch, *section.environment.required())


def _references(texts: Iterable[str], where: str) -> tuple[CheckReference, ...]:
    try:
        return tuple(CheckReference.parse(text) for text in texts)
    except ValueError as error:
        raise ConfigurationError(f"{where}: {error}") from None


def _one(query: str | None) -> tuple[str, ...]:
    return (query,) if query else ()


def gathered(
    levels: Sequence[Level], *, narrow: bool, execution_rules: Mapping[str, str]
) -> Requirements:
    """What the levels, the highest first, ask for together; only the highest if `narrow`.

    Files of every level are read: they say how a check is run that another level names.
    """
    if narrow:
        asking = [level for level in levels if level.asks]
        return Requirements(_asked(levels, asking[:1], execution_rules))
    git = [level for level in levels if level.in_git]
    added = [level for level in levels if not level.in_git]
    return Requirements(_asked(git, git, execution_rules), _asked(added, added, {}))


def _asked(
    levels: Sequence[Level], counted: Sequence[Level], execution_rules: Mapping[str, str]
) -> Asked:
    checks = {check for level in counted for check in level.checks}
    entries: dict[str, CheckEntry] = {}
    for level in reversed(levels):
        for entry in test_files.read(level.files, level.root):
            entries[entry.public_id] = entry
            if level in counted:
                checks.add(CheckReference(entry.public_id, entry.version))
    own = {public_id: entry.overrides for public_id, entry in entries.items()}
    for public_id, rule in execution_rules.items():
        own[public_id] = merged(own.get(public_id, {}), {"executionRule": rule})
    speaking = [lv for lv in counted if lv.asks or (lv.overrides and not lv.in_git)]
    return Asked(
        source=" and ".join(dict.fromkeys(level.source for level in reversed(speaking))),
        checks=_in_one_version(checks, entries),
        search=tuple(dict.fromkeys(query for level in counted for query in level.search)),
        overrides=merged(*(level.overrides for level in reversed(levels))),
        own=own,
        definitions={
            public_id: entry.definition
            for public_id, entry in entries.items()
            if entry.definition is not None
        },
    )


def _in_one_version(
    checks: Iterable[CheckReference], entries: Mapping[str, CheckEntry]
) -> tuple[CheckReference, ...]:
    """Each check once, by public ID, in the version that any place pins it to."""
    versions: dict[str, set[int]] = {}
    for check in checks:
        pins = {check.version}
        if check.public_id in entries:
            pins.add(entries[check.public_id].version)
        versions.setdefault(check.public_id, set()).update(pin for pin in pins if pin is not None)
    if twice := sorted(public_id for public_id, found in versions.items() if len(found) > 1):
        raise ConfigurationError(
            f"{', '.join(twice)} is asked for in two versions; a check has one result in a batch: "
            "keep one of them"
        )
    pinned = sorted((public_id, next(iter(pins), None)) for public_id, pins in versions.items())
    return tuple(CheckReference(*each) for each in pinned)
