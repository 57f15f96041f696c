"""The flow of a browser test: what goes on after a failure, sub-tests, and what counts as proof."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.local_synthetics.support.browser_tests import browser_test, css, says, step
from tests.local_synthetics.support.service import serving

if TYPE_CHECKING:
    from tests.local_synthetics.support.browser_tests import Json, Play

pytestmark = pytest.mark.browser
_GOOD = step("assertElementPresent", element=css("#title"))


def bad(**flow: Any) -> Json:
    return step("assertElementPresent", seconds=0.2, element=css("#cat"), flow=flow)


def states(result: Json) -> list[str]:
    return [one["status"] for one in result["steps"]]


def test_a_step_that_may_fail_does_not_fail_the_test(play: Play) -> None:
    result = play(bad(allowFailure=True), _GOOD)
    assert result["status"] == "passed"
    assert states(result) == ["passed", "failed", "passed"]
    assert result["steps"][1]["allow_failure"] is True


def test_a_critical_one_does_at_the_end(play: Play) -> None:
    result = play(bad(allowFailure=True, isCritical=True), _GOOD)
    assert states(result) == ["passed", "failed", "passed"]
    assert result["failure"]["code"] == "LOCATE_ELEMENT"
    assert result["failure"]["message"].startswith("Step 1 (assertElementPresent): ")


def test_a_failure_skips_the_rest_but_what_always_runs(play: Play) -> None:
    always = {**_GOOD, "alwaysExecute": True}
    assert states(play(bad(), _GOOD, always)) == ["passed", "failed", "skipped", "passed"]


def test_a_success_can_end_the_test(play: Play) -> None:
    result = play({**_GOOD, "exitIfSucceed": True}, bad())
    assert (result["status"], states(result)) == ("passed", ["passed", "passed", "skipped"])


def test_a_test_in_which_no_assertion_passed_proves_nothing(play: Play) -> None:
    result = play(bad(allowFailure=True), step("hover", element=css("#title")))
    assert result["status"] == "failed"
    assert (result["failure"]["code"], result["inconclusive"]) == ("INVALID_TEST", True)


def test_a_value_that_was_not_extracted_is_not_an_old_one(play: Play) -> None:
    lost = step("extractFromJavascript", seconds=0.2, code="1", variable={"name": "DOG"},
                flow={"allowFailure": True})  # fmt: skip
    declared = [{"name": "DOG", "type": "text", "pattern": "Good dogs"}]
    compare = step("assertPageContains", value="{{ DOG }}")
    result = play(lost, compare, variables=declared)
    assert result["status"] == "failed"
    assert "DOG has no value: step 'extractFromJavascript' failed" in result["failure"]["message"]


def test_a_start_url_that_does_not_open_skips_all_steps(play: Play) -> None:
    result = play(_GOOD, request={"url": "http://127.0.0.1:1/"})
    assert result["failure"]["code"] == "OPEN_URL"
    assert states(result) == ["failed", "skipped"]


def test_a_sub_test_goes_on_in_the_tab_or_begins_in_its_own(chromium: None, site: str) -> None:
    greet = browser_test(site, step("click", element=css("#greet")), says("Hello, Fido"))
    fails = browser_test(site + "/second", bad())
    name = step("typeText", element=css("#dog"), value="Fido")

    def sub(definition: Json, tab: int) -> Json:
        return step("playSubTest", subtestPublicId=definition["public_id"], playingTabId=tab)

    with serving(greet, fails) as service:
        passed = service.run(browser_test(site, name, sub(greet, 0)))
        failed = service.run(browser_test(site, name, sub(fails, -1), _GOOD))
    assert passed["status"] == "passed", passed["failure"]
    details = passed["steps"][2]["sub_test_step_details"]
    assert [one["type"] for one in details] == ["click", "assertElementContent"]
    assert failed["failure"]["code"] == "SUB_TEST_NOT_PASSED"
    assert [one["type"] for one in failed["steps"][2]["sub_test_step_details"]] == [
        "goToUrlAndMeasureTti",
        "assertElementPresent",
    ]
    assert states(failed)[-1] == "skipped"
