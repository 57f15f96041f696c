"""What a run checks, found out once on the controller: definitions, searches and suites."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from pytest_storedog_gate.datadog.client import PAGE
from pytest_storedog_gate.datadog.models import Check
from pytest_storedog_gate.datadog.overrides import merged, with_environment_in_start_url
from pytest_storedog_gate.errors import ConfigurationError, NoVerdict
from pytest_storedog_gate.outlets.side_by_side import side_by_side
from pytest_storedog_gate.settings.requirements import (
    BLOCKING,
    PLACES,
    never_weaker,
    strictest,
    together,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from pytest_storedog_gate.datadog.client import SyntheticsClient
    from pytest_storedog_gate.datadog.models import Json, Place
    from pytest_storedog_gate.settings.requirements import Asked, Requirements

K = TypeVar("K")
_THREADS = 8
FEW = _THREADS  # checks, which are asked for one by one: all at once
# A page is worth a call if it brings as many checks.
_WORTH = 5
_LAPSE = 1.0  # s


OUR_KEY = "storedog"
"""What Datadog does not know, at the top of a definition in a file: for the local service."""


@dataclass(frozen=True)
class PlannedCheck:
    """One check of a run: its definition, how it is triggered, and the rule that git has for it."""

    definition: Check
    execution_rule: str
    payload: Json = field(repr=False)

    @property
    def public_id(self) -> str:
        return self.definition.public_id

    @property
    def places(self) -> tuple[Place, ...]:
        """Where it is asked to run, and has to have a result; empty where nothing tells."""
        return self.definition.places(self.payload)

    @property
    def required(self) -> bool:
        """Whether the gate can open without it."""
        return self.execution_rule == BLOCKING


class Known:
    """What the service says of checks. Each thing is asked for once: a run may resolve again."""

    def __init__(self, client: SyntheticsClient) -> None:
        self.service = client.endpoint.name
        self.takes_our_key = not client.endpoint.is_datadog
        self._client = client
        self._known: dict[str, Check] = {}
        self._one = cache(client.check)
        self.search = cache(client.search)
        self.suite = cache(client.suite)
        self.has_version = cache(client.has_version)
        # What is not known is asked for once more: one 404 may be a lapse.
        self.check_again = cache(client.check)
        self._wait = client.clock.wait

    def checks(self, public_ids: Iterable[str]) -> dict[str, Check | None]:
        """What is known of each; many are looked for in pages of all that there are first."""
        wanted = dict.fromkeys(public_ids)
        missing = wanted.keys() - self._known.keys()
        if len(missing) > FEW:
            self._known |= self._in_pages(missing)
        found = _each((p for p in wanted if p not in self._known), self._one)
        self._known |= {p: check for p, check in found.items() if check is not None}
        return {p: self._known.get(p) for p in wanted}

    def _in_pages(self, wanted: Collection[str]) -> dict[str, Check]:
        """Those of `wanted` that the service lists, as long as a page may spare calls.

        One of which two pages tell different things is not listed: it tells by itself.
        """
        found: dict[str, Check] = {}
        unsure: set[str] = set()
        most, number = len(wanted) // _WORTH, 0
        while number < most and len(found) < len(wanted):
            wave = range(number, min(most, number - (len(found) - len(wanted)) // PAGE))
            pages = _each(wave, self._client.page)
            for check in (c for page in pages.values() for c in page if c.public_id in wanted):
                if found.setdefault(check.public_id, check) != check:
                    unsure.add(check.public_id)
            if any(len(page) < PAGE for page in pages.values()):
                break
            number = wave.stop
        return {public_id: check for public_id, check in found.items() if public_id not in unsure}

    def pause(self) -> None:
        """Lets a lapse go by. NoVerdict when the run was cancelled."""
        if self._wait(_LAPSE):
            raise NoVerdict("the run ended before its checks were known")


def resolve(
    requirements: Requirements, known: Known, environ: Mapping[str, str] = os.environ
) -> tuple[PlannedCheck, ...]:
    """Every check of the run, by public ID.

    Raises NoVerdict for what Datadog does not know, or would not let block although git says so,
    and ConfigurationError for what options and variables would change of what git requires.
    """
    versions, definitions = requirements.versions, requirements.definitions
    hits = {query: known.search(query) for query in requirements.search}
    found = {check.public_id: check for checks in hits.values() for check in checks}
    found |= {p: _of_file(p, d) for p, d in definitions.items() if p in versions}
    stored = known.checks(p for p in versions if p not in found)
    found |= {public_id: check for public_id, check in stored.items() if check is not None}
    members = _suites(known, [p for p, check in stored.items() if check is None])
    in_suites = dict.fromkeys(test for tests in members.values() for test in tests)
    more = known.checks(p for p in in_suites if p not in found)
    found |= {public_id: check for public_id, check in more.items() if check is not None}
    absent = {*stored, *more} - found.keys() - members.keys()
    found |= _asked_again(known, sorted(absent))
    _check_versions(known, versions)

    by_git = _Reached.of(requirements.git, hits, members)
    by_options = _Reached.of(requirements.added, hits, members)
    planned = []
    for public_id, check in sorted(found.items()):
        if by_git.reaches(public_id):
            rule = never_weaker(requirements, public_id, by_git.rule(public_id))
            if public_id in requirements.marked and by_options.reaches(public_id):
                # A test's marker adds: what options ask for without it, it does not relax.
                rule = strictest((rule, by_options.rule(public_id)))
            overrides = together(requirements, public_id, by_git.suites_of(public_id))
            # Places of options and variables come beside those of git or of the check.
            added = requirements.added.said_of(public_id)
            for key, own in zip(PLACES, (check.locations, check.device_ids), strict=True):
                if added.get(key) is not None:
                    places = dict.fromkeys((*overrides.get(key, own), *added[key]))
                    overrides = {**overrides, key: list(places)}
        else:
            rule = by_options.rule(public_id)
            overrides = merged(
                requirements.git.said_of(public_id),
                requirements.added.said_of(public_id, by_options.suites_of(public_id)),
            )
        if rule != BLOCKING or "executionRule" in overrides:
            overrides = {**overrides, "executionRule": rule}
        definition = definitions.get(public_id)
        if definition and not known.takes_our_key:
            definition = {key: one for key, one in definition.items() if key != OUR_KEY}
        payload = _payload(check, versions.get(public_id), definition, overrides, environ)
        planned.append(PlannedCheck(check, rule, payload))
    _refuse_relaxed(planned)
    return tuple(planned)


@dataclass(frozen=True)
class _Reached:
    """Which checks one side asks for: by ID or search, or through suites alone."""

    asked: Asked
    directly: frozenset[str]
    suites: Mapping[str, Collection[str]]

    @classmethod
    def of(
        cls,
        asked: Asked,
        hits: Mapping[str, Collection[Check]],
        members: Mapping[str, Collection[str]],
    ) -> _Reached:
        by_id = {check.public_id for check in asked.checks}
        by_search = {check.public_id for query in asked.search for check in hits[query]}
        suites = {suite: tests for suite, tests in members.items() if suite in by_id}
        return cls(asked, frozenset(by_id | by_search), suites)

    def suites_of(self, public_id: str) -> list[str]:
        return [suite for suite, tests in self.suites.items() if public_id in tests]

    def reaches(self, public_id: str) -> bool:
        return public_id in self.directly or bool(self.suites_of(public_id))

    def rule(self, public_id: str) -> str:
        through = [] if public_id in self.directly else self.suites_of(public_id)
        return self.asked.rule(public_id, through)


def _of_file(public_id: str, definition: Json) -> Check:
    try:
        return Check.from_json(definition)
    except (AttributeError, TypeError, ValueError):
        raise ConfigurationError(
            f"the definition of {public_id} in the test files cannot be read: options must be an "
            "object, locations and options.device_ids lists of names"
        ) from None


def _each(those: Iterable[K], ask: Callable[[K], Any]) -> dict[K, Any]:
    """The answer for each of those."""
    wanted = list(those)
    return dict(zip(wanted, side_by_side(ask, wanted, at_once=_THREADS), strict=True))


def _suites(known: Known, public_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The tests of those IDs that are suites."""
    suites = [suite for suite in _each(public_ids, known.suite).values() if suite is not None]
    if empty := sorted(suite.public_id for suite in suites if not suite.tests):
        raise NoVerdict(f"suite {', '.join(empty)} has no tests, so it proves nothing")
    return {suite.public_id: suite.tests for suite in suites}


def _asked_again(known: Known, public_ids: Sequence[str]) -> dict[str, Check]:
    """The checks that were not known before. NoVerdict for those that are not known now."""
    if public_ids:
        known.pause()
    checks = _each(public_ids, known.check_again)
    if unknown := [public_id for public_id, check in checks.items() if check is None]:
        raise _unknown(known, unknown)
    return checks


def _unknown(known: Known, public_ids: Sequence[str]) -> NoVerdict:
    return NoVerdict(
        f"{known.service} does not know {', '.join(public_ids)}: check the public IDs, "
        "and the site or the definition files"
    )


def _check_versions(known: Known, versions: Mapping[str, int | None]) -> None:
    pinned = {p: version for p, version in versions.items() if version is not None}
    there = _each(pinned, lambda public_id: known.has_version(public_id, pinned[public_id]))
    if missing := [f"{p}@{pinned[p]}" for p, found in sorted(there.items()) if not found]:
        raise _unknown(known, missing)


def _payload(
    check: Check,
    version: int | None,
    definition: Json | None,
    overrides: Mapping[str, Any],
    environ: Mapping[str, str],
) -> dict[str, Any]:
    """One entry of the trigger's `tests`, as datadog-ci sends it."""
    payload = dict(overrides)
    if check.kind == "browser" or check.subtype == "http":
        payload = with_environment_in_start_url(payload, environ)
    else:
        payload.pop("startUrl", None)
    if definition is not None:
        return {**payload, "local_test_definition": definition}
    payload["public_id"] = check.public_id
    if version is not None:
        payload["version"] = version
    return payload


def _refuse_relaxed(planned: Iterable[PlannedCheck]) -> None:
    relaxed = [
        f"{check.public_id} ({check.definition.execution_rule})"
        for check in planned
        if check.required and check.definition.execution_rule != BLOCKING
    ]
    if relaxed:
        raise NoVerdict(
            f"required checks that Datadog would not let block: {', '.join(relaxed)}; set their "
            "execution rule to blocking there, or relax them in the configuration"
        )
