"""Which checks a run is asked for, and with which overrides, before Datadog is asked what they are.

Three levels ask: the command line, the process environment (datadog-ci's variables), and the files
(the environment's table, datadog-ci's own configuration). A run that decides does what all of them
ask for; a run that only checks does what the highest level asks for that asks for anything.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from .datadog import test_files
from .datadog.overrides import merged
from .datadog.selection import Selected
from .errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from .datadog.test_files import CheckEntry


@dataclass(frozen=True)
class Level:
    """What one place asks for; the globs of `files` are relative to `root`."""

    source: str
    root: Path
    checks: tuple[Selected, ...] = ()
    files: tuple[str, ...] = ()
    search: tuple[str, ...] = ()

    @property
    def asks(self) -> bool:
        """Whether it asks for anything."""
        return bool(self.checks or self.files or self.search)


@dataclass(frozen=True)
class Requirements:
    """What a run has to check: `checks` by ID, sorted, and what each `search` finds.

    `overrides` hold for all checks, `own` for one; `definitions` are those of checks that are not
    stored in Datadog.
    """

    source: str
    checks: tuple[Selected, ...]
    search: tuple[str, ...] = ()
    overrides: Mapping[str, Any] = field(default_factory=dict, repr=False)
    own: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)
    definitions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)

    @property
    def public_ids(self) -> tuple[str, ...]:
        """The IDs that are known without asking Datadog."""
        return tuple(check.public_id for check in self.checks)

    def overrides_of(self, public_id: str) -> dict[str, Any]:
        """What is overridden for one check."""
        return merged(self.overrides, self.own.get(public_id, {}))

    def adding(self, marked: Mapping[str, Mapping[str, Any]]) -> Requirements:
        """These, and checks that tests ask for by ID with overrides of their own."""
        new = {Selected(public_id) for public_id in marked if public_id not in self.public_ids}
        own = {p: merged(self.own.get(p, {}), overrides) for p, overrides in marked.items()}
        checks = tuple(sorted({*self.checks, *new}))
        return replace(self, checks=checks, own={**self.own, **own})

    def describe(self) -> str:
        """How many checks by ID, and which searches."""
        count = [str(len(self.checks))] if self.checks else []
        return " and ".join([*count, *(f"search {query!r}" for query in self.search)])

    def names(self) -> tuple[str, ...]:
        """What must pass, as words that the record of one run shares with what another asks for."""
        blocking = [
            public_id
            for public_id in self.public_ids
            if self.overrides_of(public_id).get("executionRule", "blocking") == "blocking"
        ]
        return (*blocking, *(f"search {query!r}" for query in self.search))


def gathered(
    levels: Sequence[Level],
    *,
    narrow: bool,
    overrides: Mapping[str, Any],
    execution_rules: Mapping[str, str],
) -> Requirements:
    """What the levels, the highest first, ask for together; only the highest if `narrow`.

    Files of every level are read: they say how a check is run that another level names.
    """
    asking = [level for level in levels if level.asks]
    counted = asking[:1] if narrow else asking
    checks = {check for level in counted for check in level.checks}
    entries: dict[str, CheckEntry] = {}
    for level in reversed(asking):
        for entry in test_files.read(level.files, level.root):
            entries[entry.public_id] = entry
            if level in counted:
                checks.add(Selected(entry.public_id, entry.version))
    own = {public_id: entry.overrides for public_id, entry in entries.items()}
    for public_id, rule in execution_rules.items():
        own[public_id] = merged(own.get(public_id, {}), {"executionRule": rule})
    return Requirements(
        source=" and ".join(level.source for level in reversed(counted)),
        checks=_in_one_version(checks, entries),
        search=tuple(dict.fromkeys(query for level in counted for query in level.search)),
        overrides=overrides,
        own=own,
        definitions={
            public_id: entry.definition
            for public_id, entry in entries.items()
            if entry.definition is not None
        },
    )


def _in_one_version(
    checks: Iterable[Selected], entries: Mapping[str, CheckEntry]
) -> tuple[Selected, ...]:
    """Each check once, by public ID, in the version that any place pins it to."""
    versions: dict[str, set[int]] = {}
    for check in checks:
        pins = {check.version}
        if check.public_id in entries:
            pins.add(entries[check.public_id].version)
        versions.setdefault(check.public_id, set()).update(pin for pin in pins if pin is not None)
    if twice := sorted(public_id for public_id, found in versions.items() if len(found) > 1):
        raise ConfigurationError(
            f"{', '.join(twice)} is selected in two versions; a check has one result in a batch"
        )
    return tuple(Selected(p, next(iter(found), None)) for p, found in sorted(versions.items()))
