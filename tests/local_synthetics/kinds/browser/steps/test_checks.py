"""Each check of a browser test's assertions, in a real browser: once it holds, once it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.local_synthetics.kinds.browser.steps.checks import CHECKS
from tests.local_synthetics.kinds.browser.steps.check_cases import CASES

if TYPE_CHECKING:
    from tests.local_synthetics.support.browser_tests import Play


pytestmark = pytest.mark.browser


def test_every_check_is_there() -> None:
    assert {one["params"]["check"] for pair in CASES for one in pair} == CHECKS.keys()


@pytest.mark.parametrize(
    "number", range(len(CASES)), ids=lambda one: CASES[one][0]["params"]["check"]
)
def test_a_check_holds_and_does_not(play: Play, number: int) -> None:
    holds, fails = CASES[number]
    assert holds["params"]["check"] == fails["params"]["check"]
    passed = play(holds, options={"noScreenshot": True})
    assert passed["status"] == "passed", passed["failure"]
    failed = play(fails, options={"noScreenshot": True})
    assert failed["failure"]["code"] == "ASSERTION_FAILURE", failed["failure"]
