"""docs/reference/coverage.md says what is run, and nothing else."""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

from pytest_storedog_gate.local_synthetics.kinds.browser.steps.checks import CHECKS
from pytest_storedog_gate.local_synthetics.kinds.browser.steps.params import PARAMS
from pytest_storedog_gate.local_synthetics.network import hops
from tests.local_synthetics.kinds.browser.steps import cases, check_cases, mail_cases
from tests.local_synthetics.proving.claims import OPERATORS, claimed, proved
from tests.published import recorded
from tests.published.coverage import REFUSED, checks, groups, step_types
from tests.published.coverage_page import PAGE, with_tables
from tests.published.data import needs_published

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.local_synthetics.proving.proof import Cell
    from tests.published.recorded import Recorded

pytestmark = [
    needs_published,
    pytest.mark.browser,
    pytest.mark.usefixtures("chromium"),
    pytest.mark.skipif(
        not hops.privileged(), reason="the kernel does not let this process open raw sockets"
    ),
]
STEPS = "tests.local_synthetics.kinds.browser.steps"
REWRITE = "STOREDOG_REWRITE" in os.environ
LEAST = 0.95
MOST_FEATURES = 5  # that real definitions ask for and that are not run
# The least share holds for these.
MOST_OF = [
    "types of assertion",
    "operators",
    "types of browser step",
    "checks of browser steps",
]


@pytest.fixture(scope="module")
def cells() -> set[Cell]:
    """What is proved by running it, as test_operators.py holds of each kind."""
    return {cell for kind in OPERATORS for cell in proved(kind)}


def test_what_is_not_run_has_its_reason_and_nothing_else_has(cells: set[Cell]) -> None:
    refused = {one for group in groups(cells) for one in group.refused}
    assert refused == REFUSED.keys()


def test_what_is_not_run_is_refused() -> None:
    """Nothing slips through: the service takes only what is proved, and times that are measured."""
    taken = {name for kind in OPERATORS for cell in claimed(kind) for name in cell}
    assert taken.isdisjoint(REFUSED)
    assert PARAMS.keys() == step_types().keys()
    assert CHECKS.keys() == checks()


@pytest.mark.parametrize(
    ("module", "test", "counted"),
    [
        ("steps", "test_passes", cases.PASSING),
        ("steps", "test_fails", cases.FAILING),
        ("mail", "test_passes", mail_cases.PASSING),
        ("mail", "test_fails", mail_cases.FAILING),
        ("effects", "test_without_its_step_the_test_fails", cases.ACTIONS),
        ("checks", "test_a_check_holds_and_does_not", range(len(check_cases.CASES))),
    ],
)
def test_every_case_of_the_browser_is_run(module: str, test: str, counted: Iterable[Any]) -> None:
    """They are counted from lists: none is left out, skipped or expected to fail."""
    held = vars(import_module(f"{STEPS}.test_{module}"))
    (mark,) = vars(held[test])["pytestmark"]
    assert (mark.name, list(mark.args[1])) == ("parametrize", list(counted))
    assert held["pytestmark"] == pytest.mark.browser


@pytest.mark.parametrize("name", MOST_OF)
def test_nearly_all_of_the_schema_is_run(cells: set[Cell], name: str) -> None:
    (group,) = [one for one in groups(cells) if one.name == name]
    assert group.share >= LEAST, group.refused


@pytest.fixture(scope="module")
def counted() -> Recorded:
    return recorded.count()


def test_each_real_definition_is_run_or_has_its_reason(counted: Recorded) -> None:
    """What is refused lacks what only its owner can give, but for a few named features."""
    assert counted.problems == {}
    assert counted.run + counted.completed + counted.cannot_run == len(recorded.problems()) == 82
    assert len(counted.cannot) <= MOST_FEATURES
    assert counted.run > counted.cannot_run


def test_the_page_is_up_to_date(cells: set[Cell], counted: Recorded) -> None:
    text = PAGE.read_text(encoding="utf-8")
    wanted = with_tables(text, cells, counted)
    if REWRITE:
        PAGE.write_text(wanted, encoding="utf-8")
        return
    assert text == wanted
