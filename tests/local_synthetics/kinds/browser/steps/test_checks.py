"""Each check of a browser test's assertions, in a real browser: once it holds, once it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_storedog_gate.local_synthetics.kinds.browser.steps.checks import CHECKS
from tests.local_synthetics.kinds.browser.steps.test_steps import content

if TYPE_CHECKING:
    from tests.local_synthetics.kinds.browser.conftest import Json, Play

pytestmark = pytest.mark.browser

_SHORT = 0.4  # s for what must not come about


def _on(selector: str, check: str, holds: Any, fails: Any) -> tuple[Json, Json]:
    return content(selector, check, holds), content(selector, check, fails, _SHORT)


# A step that passes and one that fails.
CASES: list[tuple[Json, Json]] = [
    _on("#title", "equals", "Good dogs", "Good"),
    _on("#title", "notEquals", "Good", "Good dogs"),
    _on("#title", "contains", "dogs", "cats"),
    _on("#title", "notContains", "cats", "dogs"),
    _on("#title", "startsWith", "Good", "dogs"),
    _on("#title", "notStartsWith", "dogs", "Good"),
    _on("#title", "matchRegex", "^Good dogs?$", "^dogs"),
    _on(".count", "greater", "41", "42"),
    _on(".count", "greaterEquals", "42", "43"),
    _on(".count", "lower", "43", "42"),
    _on(".count", "lowerEquals", "42", "41"),
    _on(".count", "between", {"min": 42, "max": 43}, {"min": 43, "max": 44}),
    (content("#said", "isEmpty", ""), content("#title", "isEmpty", "", _SHORT)),
    (content("#title", "notIsEmpty", ""), content("#said", "notIsEmpty", "", _SHORT)),
]


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
