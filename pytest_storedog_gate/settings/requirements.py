"""Which checks a run is asked for, by which rules, before Datadog is asked what they are.

Git says what has to pass: the environment's table, and datadog-ci's configuration and test files
that the configuration names. Options and variables of the process may add to that in a run that
decides; what would take a check away, relax it or run it otherwise than git says is refused by
name. A run that only checks does what the highest level asks for that asks for anything.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.datadog.overrides import EXECUTION_RULES, merged
from pytest_storedog_gate.datadog.public_ids import CheckReference
from pytest_storedog_gate.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

BLOCKING, *_ = EXECUTION_RULES  # the strictest one first
# Where a check runs: more places prove more, so these are added to instead of replaced.
PLACES = ("locations", "deviceIds")
_REMEDY = "take it out, say it in git (values may be ${NAME}), or use --storedog-deploy=never"


@dataclass(frozen=True)
class Asked:
    """What one side asks for: `checks` by ID, sorted, and what each `search` finds.

    `overrides` hold for all checks, `own` for one; `definitions` are those of checks that are not
    stored in Datadog.
    """

    source: str = ""
    checks: tuple[CheckReference, ...] = ()
    search: tuple[str, ...] = ()
    overrides: Mapping[str, Any] = field(default_factory=dict, repr=False)
    own: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)
    definitions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)

    def said_of(self, public_id: str, suites: Iterable[str] = ()) -> dict[str, Any]:
        """The overrides of one check, which may be a member of `suites` that are asked for."""
        of_suites = (self.own.get(suite, {}) for suite in suites)
        return merged(self.overrides, *of_suites, self.own.get(public_id, {}))

    def rule(self, public_id: str, suites: Sequence[str] = ()) -> str:
        """The execution rule of a check: its own, else that of all, else of the strictest suite.

        `suites` are those through which alone it is asked for.
        """
        general = str(self.overrides.get("executionRule", BLOCKING))
        rules = [str(self.own.get(suite, {}).get("executionRule", general)) for suite in suites]
        return str(self.own.get(public_id, {}).get("executionRule", strictest(rules or [general])))

    @cached_property
    def versions(self) -> dict[str, int | None]:
        """The version that each of the `checks` is pinned to."""
        return {check.public_id: check.version for check in self.checks}


@dataclass(frozen=True)
class Requirements:
    """What a run has to check: what `git` requires, and what options and variables have `added`.

    In a run that only checks all is said by `git`: there is nothing to hold against it. `marked`
    are the checks that git has by ID only because tests ask for them.
    """

    git: Asked
    added: Asked = field(default_factory=Asked)
    marked: frozenset[str] = frozenset()

    @property
    def source(self) -> str:
        """The places that ask for checks."""
        return " and ".join(side.source for side in (self.git, self.added) if side.source)

    @property
    def search(self) -> tuple[str, ...]:
        """The queries of both sides."""
        return tuple(dict.fromkeys((*self.git.search, *self.added.search)))

    @property
    def definitions(self) -> dict[str, Mapping[str, Any]]:
        """The definitions of both sides."""
        return {**self.added.definitions, **self.git.definitions}

    @property
    def versions(self) -> dict[str, int | None]:
        """The checks that are known by ID, each with the version that it is pinned to."""
        added = self.added.versions
        pins = sorted({**added, **self.git.versions}.items())
        return {p: added.get(p) if version is None else version for p, version in pins}

    @property
    def public_ids(self) -> tuple[str, ...]:
        """The IDs that are known without asking Datadog."""
        return tuple(self.versions)

    def adding(self, marked: Mapping[str, Mapping[str, Any]]) -> Requirements:
        """These, and checks that tests ask for by ID with overrides of their own."""
        git = self.git
        new = marked.keys() - {check.public_id for check in git.checks}
        own = {p: merged(git.own.get(p, {}), overrides) for p, overrides in marked.items()}
        checks = tuple(sorted((*git.checks, *map(CheckReference, new))))
        git = replace(git, checks=checks, own={**git.own, **own})
        return replace(self, git=git, marked=self.marked | new)

    def only(self, public_id: str, overrides: Mapping[str, Any]) -> Requirements:
        """One check with these overrides, run as all are, and nothing else."""
        bare = Requirements(
            replace(self.git, checks=(), search=()), replace(self.added, checks=(), search=())
        )
        return bare.adding({public_id: overrides})

    def describe(self) -> str:
        """How many checks by ID, and which searches."""
        count = [str(len(self.public_ids))] if self.public_ids else []
        return " and ".join([*count, *(f"search {query!r}" for query in self.search)])

    def names(self) -> tuple[str, ...]:
        """What must pass, as words that the record of one run shares with what another asks for."""
        blocking = {
            check.public_id
            for side in (self.git, self.added)
            for check in side.checks
            if side.rule(check.public_id) == BLOCKING
        }
        return (*sorted(blocking), *(f"search {query!r}" for query in self.search))


def strictest(rules: Iterable[str]) -> str:
    """The rule of several that lets the least pass."""
    return min(rules, key=EXECUTION_RULES.index)


def together(
    requirements: Requirements, public_id: str, suites: Iterable[str] = ()
) -> dict[str, Any]:
    """The overrides of a check that git requires, but for its rule and places.

    ConfigurationError names what options or variables say of it that git does not say: by another
    address, variable, header or limit it would be another check.
    """
    git = requirements.git.said_of(public_id, suites)
    said = requirements.added.said_of(public_id)
    both = merged(git, {k: v for k, v in said.items() if k not in ("executionRule", *PLACES)})
    for key, value in both.items():
        if key not in git or git[key] != value:
            raise _changed(requirements, public_id, key)
    return both


def never_weaker(requirements: Requirements, public_id: str, rule: str) -> str:
    """The rule of a check for which git has `rule`, and options and variables perhaps a stricter.

    ConfigurationError where these would weaken the check: by a weaker rule, another version or
    another definition.
    """
    git, added = requirements.git, requirements.added
    said = str(added.said_of(public_id).get("executionRule", rule))
    if strictest((rule, said)) != said:
        raise _changed(requirements, public_id, f"executionRule = {said}")
    pin = added.versions.get(public_id)
    if pin not in (None, git.versions.get(public_id)):
        raise _changed(requirements, public_id, f"version {pin}")
    if public_id in added.definitions:
        raise _changed(requirements, public_id, "localTestDefinition")
    return said


def _changed(requirements: Requirements, public_id: str, what: str) -> ConfigurationError:
    return ConfigurationError(
        f"{public_id}: {what} of {requirements.added.source} would change a check that "
        f"{requirements.git.source} requires; {_REMEDY}"
    )
