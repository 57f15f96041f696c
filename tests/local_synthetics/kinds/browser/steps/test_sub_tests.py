"""Sub-tests whose definition the step itself holds, as some of Datadog's answers do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.local_synthetics.support.browser_tests import (
    BAD_SUB_TEST,
    GOOD_SUB_TEST,
    browser_test,
    css,
    step,
)

if TYPE_CHECKING:
    from tests.local_synthetics.support.browser_tests import Json, Play

pytestmark = pytest.mark.browser


def playing(public_id: str, *steps: Json, **parts: Json) -> Json:
    copy = browser_test("http://127.0.0.1/", *steps, **parts)
    return step("playSubTest", subtestPublicId=public_id, subtest=copy)


def test_the_copy_in_the_step_is_played(play: Play) -> None:
    there = step("assertElementPresent", element=css("#title"))
    lost = step("assertElementPresent", seconds=0.4, element=css("#cat"))
    passed = play(playing("cop-yof-one", there))
    assert passed["status"] == "passed", passed["failure"]
    (navigation, played) = passed["steps"]
    assert played["sub_test_public_id"] == "cop-yof-one"
    assert [one["status"] for one in played["sub_test_step_details"]] == ["passed"]
    failed = play(playing("cop-yof-one", lost))
    assert failed["failure"]["code"] == "SUB_TEST_NOT_PASSED"
    assert navigation["status"] == "passed"


@pytest.mark.parametrize(
    ("public_id", "status"), [(GOOD_SUB_TEST, "passed"), (BAD_SUB_TEST, "failed")]
)
def test_a_test_of_the_service_counts_more_than_its_copy(
    play: Play, public_id: str, status: str
) -> None:
    other = {"passed": "#cat", "failed": "#title"}[status]
    copy = step("assertElementPresent", seconds=0.4, element=css(other))
    assert play(playing(public_id, copy))["status"] == status


@pytest.mark.parametrize(
    ("copy", "problem"),
    [
        ({"type": "browser"}, "sub-test cop-yof-one: name is missing"),
        (browser_test("x", step("hover", element=css("a"), speed=1)),
         "sub-test cop-yof-one: steps[0].params.speed is not supported"),
        ({**browser_test("x"), "type": "api"}, "a browser test is needed"),
        ("text", "cop-yof-one is not among the service's definitions"),
    ],
)  # fmt: skip
def test_a_copy_that_cannot_be_played_is_refused(play: Play, copy: object, problem: str) -> None:
    result = play(step("playSubTest", subtestPublicId="cop-yof-one", subtest=copy))
    assert result["inconclusive"] is True
    assert problem in result["failure"]["message"]
