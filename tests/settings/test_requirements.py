"""What a run has to check never shrinks: options and variables add to what git requires."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pytest_storedog_gate.datadog.models import Check, Suite
from pytest_storedog_gate.datadog.overrides import EXECUTION_RULES
from pytest_storedog_gate.datadog.public_ids import CheckReference
from pytest_storedog_gate.errors import ConfigurationError, GateError
from pytest_storedog_gate.gate import selection
from pytest_storedog_gate.settings.levels import gathered
from pytest_storedog_gate.settings.requirements import (
    BLOCKING,
    Asked,
    Requirements,
    strictest,
)
from tests.fuzzing.profile import examples

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

CHECKS = ("aaa-aaa-aaa", "bbb-bbb-bbb", "ccc-ccc-ccc", "ddd-ddd-ddd")
SUITES = ("sui-tex-one", "sui-tex-two")
PLACES = ("aws:one", "aws:two", "pl:office")


class Service:
    """Stands for Synthetics: it knows four checks, two suites, and what a search finds."""

    name = "the service"

    def __init__(
        self,
        suites: Mapping[str, tuple[str, ...]] | None = None,
        hits: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        self.service = self.name
        self._suites, self._hits = suites or {}, hits or {}

    def check(self, public_id: str) -> Check | None:
        if public_id not in CHECKS:
            return None
        return Check(public_id, public_id, "api", "http", BLOCKING, (), ("aws:one",))

    check_again = check
    takes_our_key = True

    def checks(self, public_ids: Iterable[str]) -> dict[str, Check | None]:
        return {public_id: self.check(public_id) for public_id in public_ids}

    def pause(self) -> None:
        """Nothing lapses here."""

    def search(self, query: str) -> tuple[Check, ...]:
        return tuple(found for p in self._hits[query] if (found := self.check(p)))

    def suite(self, public_id: str) -> Suite | None:
        tests = self._suites.get(public_id)
        return Suite(public_id, public_id, tests) if tests else None

    def has_version(self, public_id: str, number: int) -> bool:
        return public_id in CHECKS and number < 9


def definition(public_id: str) -> dict[str, Any]:
    places = {"locations": ["aws:two"]}
    return {"public_id": public_id, "type": "api", "subtype": "http", **places}


def resolved(requirements: Requirements, service: Service) -> dict[str, selection.PlannedCheck]:
    found = selection.resolve(requirements, service, {})  # type: ignore[arg-type]
    return {check.public_id: check for check in found}


def _with(
    checks: tuple[CheckReference, ...], public_ids: Iterable[str]
) -> tuple[CheckReference, ...]:
    return tuple(sorted({*checks, *map(CheckReference, public_ids)}))


ids = st.sampled_from(CHECKS)
rules = st.sampled_from(EXECUTION_RULES)
overrides: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "executionRule": rules,
        "locations": st.lists(st.sampled_from(PLACES), min_size=1, unique=True),
        "allowInsecureCertificates": st.booleans(),
        "followRedirects": st.booleans(),
        "startUrl": st.sampled_from(["http://good", "http://other"]),
        "variables": st.dictionaries(st.sampled_from("AB"), st.sampled_from("12")),
    },
)
asked = st.builds(
    Asked,
    source=st.just("somewhere"),
    checks=st.lists(
        st.builds(CheckReference, st.one_of(ids, st.sampled_from(SUITES)), st.none()),
        unique_by=lambda check: check.public_id,
    ).map(lambda found: tuple(sorted(found))),
    search=st.lists(st.sampled_from(["q", "r"]), unique=True).map(tuple),
    overrides=overrides,
    own=st.dictionaries(st.one_of(ids, st.sampled_from(SUITES)), overrides),
    definitions=st.sets(ids).map(lambda found: {p: definition(p) for p in found}),
).map(
    # What a file defines it asks for.
    lambda found: replace(found, checks=_with(found.checks, found.definitions))
)
members = st.lists(ids, min_size=1, unique=True).map(tuple)
services = st.builds(
    Service,
    st.fixed_dictionaries(dict.fromkeys(SUITES, members)),
    st.fixed_dictionaries(dict.fromkeys(("q", "r"), members)),
)


@examples(300)
@given(git=asked, added=asked, service=services)
def test_options_and_variables_never_take_away_or_relax(
    git: Asked, added: Asked, service: Service
) -> None:
    alone = resolved(Requirements(git), service)
    try:
        both = resolved(Requirements(git, added), service)
    except GateError:
        return  # refused: nothing opens
    for public_id, check in alone.items():
        now = both[public_id]
        assert strictest((now.execution_rule, check.execution_rule)) == now.execution_rule
        assert set(_locations(check)) <= set(_locations(now))
        assert now.payload.get("local_test_definition") == check.payload.get(
            "local_test_definition"
        )
        for key in ("startUrl", "followRedirects", "allowInsecureCertificates"):
            if key in check.payload:
                assert now.payload[key] == check.payload[key]
        assert (
            check.payload.get("variables", {}).items() <= now.payload.get("variables", {}).items()
        )
        if now.payload.get("allowInsecureCertificates"):
            assert check.payload.get("allowInsecureCertificates")
    for asked_too in added.checks:
        assert asked_too.public_id in {*both, *SUITES}


@examples(300)
@given(git=asked, added=asked, service=services, marked=st.dictionaries(ids, overrides))
@example(
    Asked("git", overrides={"executionRule": "non_blocking"}),
    Asked("opt", search=("q",)),
    Service({}, {"q": ("aaa-aaa-aaa",)}),
    {"aaa-aaa-aaa": {}},
)
@example(
    Asked("git", own={"aaa-aaa-aaa": {"executionRule": "non_blocking"}}),
    Asked("opt", search=("q",)),
    Service({}, {"q": ("aaa-aaa-aaa",)}),
    {"aaa-aaa-aaa": {}},
)
def test_markers_only_add(
    git: Asked, added: Asked, service: Service, marked: dict[str, dict[str, Any]]
) -> None:
    marked = {p: {k: v for k, v in o.items() if k != "executionRule"} for p, o in marked.items()}
    requirements = Requirements(git, added)
    try:
        before = resolved(requirements, service)
        after = resolved(requirements.adding(marked), service)
    except GateError:
        return
    assert {*before, *marked} <= set(after)
    for public_id, check in before.items():
        now = after[public_id].execution_rule
        assert strictest((now, check.execution_rule)) == now


def _locations(check: selection.PlannedCheck) -> tuple[str, ...]:
    return tuple(check.payload.get("locations") or check.definition.locations)


ONE = (CheckReference("aaa-aaa-aaa"),)
SUITE = (CheckReference("sui-tex-one"),)
IN_SUITE = Service({"sui-tex-one": ("aaa-aaa-aaa", "bbb-bbb-bbb")}, {"q": ("aaa-aaa-aaa",)})


@pytest.mark.parametrize(
    ("git", "rule"),
    [
        (Asked(checks=ONE), "blocking"),
        (Asked(checks=SUITE), "blocking"),
        (Asked(checks=SUITE, own={"sui-tex-one": {"executionRule": "skipped"}}), "skipped"),
        (
            Asked(checks=(*ONE, *SUITE), own={"sui-tex-one": {"executionRule": "skipped"}}),
            "blocking",
        ),
        (
            Asked(checks=SUITE, search=("q",), own={"sui-tex-one": {"executionRule": "skipped"}}),
            "blocking",
        ),
        (
            Asked(checks=ONE, own={"aaa-aaa-aaa": {"executionRule": "non_blocking"}}),
            "non_blocking",
        ),
        (Asked(checks=ONE, overrides={"executionRule": "non_blocking"}), "non_blocking"),
    ],
    ids=[
        "ID", "suite", "relaxed suite", "ID beats its relaxed suite", "search beats it", "own rule",
        "rule of all",
    ],
)  # fmt: skip
def test_the_rule_is_git_s_strictest(git: Asked, rule: str) -> None:
    assert resolved(Requirements(git), IN_SUITE)["aaa-aaa-aaa"].execution_rule == rule


WEAKER = {
    "rule of all": Asked(overrides={"executionRule": "non_blocking"}),
    "rule of one": Asked(own={"aaa-aaa-aaa": {"executionRule": "skipped"}}),
    "version": Asked(checks=(CheckReference("aaa-aaa-aaa", 3),)),
    "definition": Asked(checks=ONE, definitions={"aaa-aaa-aaa": definition("aaa-aaa-aaa")}),
    "another variable": Asked(overrides={"variables": {"SHOP": "http://other"}}),
    "another start": Asked(overrides={"startUrl": "http://other"}),
    "a header": Asked(overrides={"headers": {"X-A": "1"}}),
    "more attempts": Asked(overrides={"retry": {"count": 9}}),
    "no certificate": Asked(overrides={"allowInsecureCertificates": True}),
}


@pytest.mark.parametrize("way", ["ID", "search", "suite"])
@pytest.mark.parametrize("added", WEAKER)
def test_what_would_weaken_a_check_of_git_is_refused_by_name(added: str, way: str) -> None:
    said = {"startUrl": "http://good", "variables": {"SHOP": "http://good"}}
    git = {
        "ID": Asked("storedog.toml", checks=ONE, overrides=said),
        "search": Asked("storedog.toml", search=("q",), overrides=said),
        "suite": Asked("storedog.toml", checks=SUITE, overrides=said),
    }[way]
    with pytest.raises(ConfigurationError, match=r"aaa-aaa-aaa: .*storedog\.toml requires"):
        resolved(Requirements(git, WEAKER[added]), IN_SUITE)


def test_places_of_variables_come_beside_those_of_git() -> None:
    added = Asked(overrides={"locations": ["pl:office"]})
    for git, expected in (
        (Asked(checks=ONE), ["aws:one", "pl:office"]),
        (Asked(checks=ONE, overrides={"locations": ["aws:two"]}), ["aws:two", "pl:office"]),
    ):
        found = resolved(Requirements(git, added), Service())["aaa-aaa-aaa"]
        assert found.payload["locations"] == expected


def test_a_run_that_only_checks_holds_nothing_against_git() -> None:
    assert gathered([], narrow=True, execution_rules={}).added == Asked()
