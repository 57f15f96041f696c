"""Every type of assertion and every operator of every kind, on real servers."""

from __future__ import annotations

import pytest

from pytest_storedog_gate.local_synthetics.assertions.json_path import ELEMENTS_OPERATORS
from pytest_storedog_gate.local_synthetics.assertions.operators import COMPARISONS, GENERAL
from pytest_storedog_gate.local_synthetics.kinds import all_kinds
from pytest_storedog_gate.local_synthetics.network import hops
from tests.conftest import need_chromium
from tests.local_synthetics.proving.cases import CASES, Case
from tests.local_synthetics.proving.claims import OPERATORS, claimed
from tests.local_synthetics.proving.proof import prove
from tests.local_synthetics.proving.stages import STAGES
from tests.local_synthetics.support.network_tests import that

RAW = pytest.mark.skipif(
    not hops.privileged(), reason="the kernel does not let this process open raw sockets"
)
NEEDS = {"http": pytest.mark.browser, "icmp": RAW, "tcp": RAW}  # http has JavaScript
KINDS = [pytest.param(kind, marks=NEEDS.get(kind, ())) for kind in STAGES]


def test_every_kind_is_proved() -> None:
    single = {subtype for test_type, subtype in all_kinds() if test_type == "api"} - {"multi"}
    assert single == STAGES.keys() == OPERATORS.keys()


@pytest.mark.parametrize("kind", KINDS)
def test_each_operator_holds_and_does_not(kind: str) -> None:
    if kind == "http":
        need_chromium()
    proof = prove(kind)
    assert proof.problems == []
    assert claimed(kind) - proof.cells == set()


HOLDS = that("statusCode", "is", 200)
FAILS = that("statusCode", "is", 500)


@pytest.mark.parametrize(
    ("case", "named"),
    [
        (Case("http", FAILS, HOLDS), "it should pass"),
        (Case("http", HOLDS, that("statusCode", "is", "200")), "it should fail"),
        (Case("http", HOLDS, that("statusCode", "validates", 1)), "by its assertion"),
        (Case("http", HOLDS, FAILS, {"path": "/nowhere"}), "it should pass"),
        (
            Case(
                "http",
                that("header", "is", "beagle", property="X-Dog"),
                that("header", "is", "beagle", property="X-Cat"),
            ),
            "the header is not there",
        ),
        (Case("http", that("body", "contains", "o"), that("body", "lessThan", 1)), "not a number"),
    ],
)
def test_what_proves_nothing_does_not_count(case: Case, named: str) -> None:
    proof = prove("http", [case])
    assert proof.cells == set()
    assert named in proof.problems[0]


def test_what_was_about_two_things_proves_neither() -> None:
    proof = prove("http", [Case("http", HOLDS, that("statusCode", "isNot", 200))])
    assert {cell for cell in proof.cells if cell.kind == "http"} == set()


def test_another_request_must_not_be_what_fails() -> None:
    with pytest.raises(AssertionError, match="only operands may differ"):
        prove("http", [Case("http", HOLDS, FAILS, {}, {"path": "/json"})])


# What each could be mistaken for: both hold of much the same.
MISTAKEN = {
    "is": "contains",
    "isNot": "doesNotContain",
    "contains": "is",
    "doesNotContain": "isNot",
    "matches": "contains",
    "doesNotMatch": "doesNotContain",
    "lessThan": "lessThanOrEqual",
    "lessThanOrEqual": "lessThan",
    "moreThan": "moreThanOrEqual",
    "moreThanOrEqual": "moreThan",
}
COMPARED = [
    case
    for case in CASES
    if case.kind == "http" and (case.holds["type"] == "header" or "jsonPath" in str(case.holds))
]
OF_ELEMENTS = [case for case in COMPARED if "elementsOperator" in str(case.holds)]


@pytest.mark.parametrize("operator", sorted(GENERAL))
def test_an_operator_that_is_another_is_found(
    monkeypatch: pytest.MonkeyPatch, operator: str
) -> None:
    """A fault in the service, to show that the cases would tell."""
    monkeypatch.setitem(COMPARISONS, operator, COMPARISONS[MISTAKEN[operator]])
    problems = prove("http", COMPARED).problems
    assert any(f"operator={operator!r}" in problem for problem in problems)
    assert any(f"detail={operator!r}" in problem for problem in problems)


@pytest.mark.parametrize(
    ("name", "other"), [(one, two) for one in ELEMENTS_OPERATORS for two in ELEMENTS_OPERATORS]
)
def test_an_elements_operator_that_is_another_is_found(
    monkeypatch: pytest.MonkeyPatch, name: str, other: str
) -> None:
    monkeypatch.setitem(ELEMENTS_OPERATORS, name, ELEMENTS_OPERATORS[other])
    problems = prove("http", OF_ELEMENTS).problems
    assert any(f"detail={name!r}" in problem for problem in problems) is (name != other)
