"""Every type of assertion and every operator of every kind, on real servers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.local_synthetics.assertions.assertion import evaluate
from pytest_storedog_gate.local_synthetics.assertions.json_path import ELEMENTS_OPERATORS, FIRST
from pytest_storedog_gate.local_synthetics.assertions.operators import COMPARISONS, GENERAL
from pytest_storedog_gate.local_synthetics.kinds import all_kinds
from pytest_storedog_gate.local_synthetics.kinds.http.check import OPERATORS as OF_HTTP
from pytest_storedog_gate.local_synthetics.kinds.http.exchange import Exchange
from pytest_storedog_gate.local_synthetics.network import hops
from tests.conftest import need_chromium
from tests.local_synthetics.proving.cases import CASES, Case
from tests.local_synthetics.proving.claims import OPERATORS, proved
from tests.local_synthetics.proving.proof import prove
from tests.local_synthetics.proving.stages import HEADERS, HTTP, STAGES
from tests.local_synthetics.support.network_tests import that

if TYPE_CHECKING:
    from tests.local_synthetics.support.service import Json

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
    assert proof.cells == proved(kind)


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


def told(cases: list[Case]) -> list[Case]:
    """The cases that tell a fault in what evaluates their assertions, on the stage's answers."""
    return [case for case in cases if (_valid(case, case.holds), _valid(case, case.fails)) != RIGHT]


RIGHT = (True, False)


def _valid(case: Case, assertion: Json) -> bool:
    body = HTTP[case.request.get("path", "/")]
    headers = {name.lower(): value for name, value in HEADERS.items()}
    answer = Exchange(status=200, headers=headers, content=body.encode(), text=body)
    return bool(evaluate(assertion, OF_HTTP, answer.actual, str)["valid"])


def test_no_case_tells_a_fault_where_there_is_none() -> None:
    assert len(COMPARED) > 2 * len(GENERAL)
    assert told(COMPARED) == []


@pytest.mark.parametrize("operator", sorted(GENERAL))
def test_an_operator_that_is_another_is_found(
    monkeypatch: pytest.MonkeyPatch, operator: str
) -> None:
    """A fault in the service, to show that the cases would tell."""
    monkeypatch.setitem(COMPARISONS, operator, COMPARISONS[MISTAKEN[operator]])
    found = told(COMPARED)
    assert any(case.holds["operator"] == operator for case in found)
    assert any(_inner(case).get("operator") == operator for case in found)


@pytest.mark.parametrize(
    ("name", "other"), [(one, two) for one in ELEMENTS_OPERATORS for two in ELEMENTS_OPERATORS]
)
def test_an_elements_operator_that_is_another_is_found(
    monkeypatch: pytest.MonkeyPatch, name: str, other: str
) -> None:
    monkeypatch.setitem(ELEMENTS_OPERATORS, name, ELEMENTS_OPERATORS[other])
    found = {_inner(case)["elementsOperator"] for case in told(OF_ELEMENTS)}
    assert (name in found) is (name != other)


def _inner(case: Case) -> Json:
    target = case.holds.get("target")
    return target if isinstance(target, dict) else {}


def test_a_fault_of_the_running_service_is_a_problem_of_its_proof(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(COMPARISONS, "matches", COMPARISONS[MISTAKEN["matches"]])
    monkeypatch.setitem(ELEMENTS_OPERATORS, FIRST, ELEMENTS_OPERATORS["everyElementMatches"])
    problems = prove("http", COMPARED).problems
    for told_of in ("operator='matches'", "detail='matches'", f"detail={FIRST!r}"):
        assert any(told_of in problem for problem in problems)
