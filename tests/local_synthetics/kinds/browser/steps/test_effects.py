"""What `test_steps` sees of an action is the action's: without it the same test fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.local_synthetics.kinds.browser.steps.cases import (
    ACTIONS,
    PASSING,
    passing_types,
    variables,
)

if TYPE_CHECKING:
    from tests.local_synthetics.support.browser_tests import Json, Play


pytestmark = pytest.mark.browser
_SHORT = 0.4  # s for what must not come about


@pytest.mark.parametrize("name", ACTIONS)
def test_without_its_step_the_test_fails(play: Play, site: str, name: str) -> None:
    about = passing_types(name, PASSING[name])
    rest = [_impatient(one) for one in PASSING[name] if one["type"] not in about]
    result = play(*rest, variables=variables(site), options={"noScreenshot": True})
    assert result["status"] == "failed"
    # A value that is extracted no more is missed before anything is done.
    failure = result["failure"]
    missed = failure["code"] == "INVALID_TEST" and "has no value" in failure["message"]
    assert missed or failure["code"] == "ASSERTION_FAILURE", failure


def _impatient(step: Json) -> Json:
    return {**step, "timeout": _SHORT} if step["type"].startswith("assert") else step
