"""What a run checks, found out once on the controller: definitions, searches and suites."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.datadog.models import Check
from pytest_storedog_gate.datadog.overrides import merged, with_environment_in_start_url
from pytest_storedog_gate.errors import NoVerdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pytest_storedog_gate.datadog.client import SyntheticsClient
    from pytest_storedog_gate.datadog.models import Json
    from pytest_storedog_gate.requirements import Requirements

_THREADS = 8
BLOCKING = "blocking"


@dataclass(frozen=True)
class PlannedCheck:
    """One check of a run: its definition, how it is triggered, and the rule that git has for it."""

    definition: Check
    execution_rule: str
    payload: Json = field(repr=False)

    @property
    def public_id(self) -> str:
        """The check's public ID."""
        return self.definition.public_id

    @property
    def required(self) -> bool:
        """Whether the gate can open without it."""
        return self.execution_rule == BLOCKING


class Known:
    """What the service says of checks. Each thing is asked for once: a run may resolve again."""

    def __init__(self, client: SyntheticsClient) -> None:
        self.service = client.endpoint.name
        self.check = cache(client.check)
        self.search = cache(client.search)
        self.suite = cache(client.suite)
        self.has_version = cache(client.has_version)


def resolve(
    requirements: Requirements, known: Known, environ: Mapping[str, str] = os.environ
) -> tuple[PlannedCheck, ...]:
    """Every check of the run, by public ID.

    Raises NoVerdict for what Datadog does not know, or would not let block although git says so.
    """
    versions = {check.public_id: check.version for check in requirements.checks}
    found = {p: Check.from_json(d) for p, d in requirements.definitions.items() if p in versions}
    for query in requirements.search:
        found |= {check.public_id: check for check in known.search(query)}
    stored = _each([p for p in versions if p not in found], known.check)
    found |= {public_id: check for public_id, check in stored.items() if check is not None}
    suite_of = _members(known, [p for p, check in stored.items() if check is None])
    more = _each([p for p in suite_of if p not in found], known.check)
    found |= {public_id: check for public_id, check in more.items() if check is not None}
    if unknown := sorted(p for p, check in more.items() if check is None):
        raise _unknown(known, unknown)
    _check_versions(known, versions)

    planned = []
    for public_id, check in sorted(found.items()):
        overrides = requirements.overrides_of(public_id)
        if public_id in suite_of:
            suite = requirements.overrides_of(suite_of[public_id])
            overrides = merged(suite, requirements.own.get(public_id, {}))
        definition = requirements.definitions.get(public_id)
        planned.append(
            PlannedCheck(
                check,
                str(overrides.get("executionRule", BLOCKING)),
                _payload(check, versions.get(public_id), definition, overrides, environ),
            )
        )
    _refuse_relaxed(planned)
    return tuple(planned)


def _each(public_ids: Iterable[str], ask: Callable[[str], Any]) -> dict[str, Any]:
    """The answer for each ID; a few are asked for at once."""
    public_ids = list(public_ids)
    with ThreadPoolExecutor(_THREADS) as pool:
        return dict(zip(public_ids, pool.map(ask, public_ids), strict=True))


def _members(known: Known, public_ids: Sequence[str]) -> dict[str, str]:
    """The suite of each test that these suites consist of."""
    suites = _each(public_ids, known.suite)
    if unknown := sorted(p for p, suite in suites.items() if suite is None):
        raise _unknown(known, unknown)
    if empty := sorted(p for p, suite in suites.items() if not suite.tests):
        raise NoVerdict(f"suite {', '.join(empty)} has no tests, so it proves nothing")
    return {test: public_id for public_id, suite in suites.items() for test in suite.tests}


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
