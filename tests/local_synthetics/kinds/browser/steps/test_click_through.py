"""Browser tests that assert nothing: refused, or clicked through where git says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.local_synthetics.support.browser_tests import GOOD_SUB_TEST, browser_test, css, step

if TYPE_CHECKING:
    from tests.local_synthetics.support.browser_tests import Json
    from tests.local_synthetics.support.service import Service

pytestmark = pytest.mark.browser
_CLICK = step("click", element=css("#away"))
_LOST = step("click", seconds=0.4, element=css("#nowhere"))


def played(service: Service, test: Json, **own: object) -> Json:
    return service.run({**test, "storedog": own} if own else test)


@pytest.mark.parametrize("steps", [[], [_CLICK]])
def test_it_is_refused_unless_git_says_so(
    browser_service: Service, site: str, steps: list[Json]
) -> None:
    test = browser_test(site, *steps)
    for refused in (played(browser_service, test), played(browser_service, test, click_through=0)):
        assert (refused["status"], refused["inconclusive"]) == ("failed", True)
        assert "storedog.click_through" in refused["failure"]["message"]
    passed = played(browser_service, test, click_through=True)
    assert passed["status"] == "passed", passed["failure"]
    assert [one["status"] for one in passed["steps"]] == ["passed"] * (1 + len(steps))


def test_a_step_that_cannot_be_done_fails_it(browser_service: Service, site: str) -> None:
    result = played(browser_service, browser_test(site, _CLICK, _LOST), click_through=True)
    assert result["failure"]["code"] == "LOCATE_ELEMENT"


@pytest.mark.parametrize(
    ("path", "steps"), [("/missing", []), ("", [step("goToUrl", value="{{ SITE }}/missing")])]
)
def test_a_page_that_answers_with_an_error_fails_it(
    browser_service: Service, site: str, path: str, steps: list[Json]
) -> None:
    variable = {"name": "SITE", "type": "text", "pattern": site}
    test = browser_test(site + path, *steps, variables=[variable])
    result = played(browser_service, test, click_through=True)
    assert (result["failure"]["code"], result["inconclusive"]) == ("OPEN_URL", False)
    assert "The page answered 404." in result["failure"]["message"]


@pytest.mark.parametrize(
    "path",
    ["/refreshed"]
    + [
        f"/leads#{way}"
        for way in (
            *("link", "tab", "script", "popup", "closed", "late", "asks", "form", "around"),
            "nowhere",
        )
    ],
)
def test_a_page_to_which_another_leads_is_one_of_the_test(
    browser_service: Service, site: str, path: str
) -> None:
    way = path.partition("#")[2]
    steps = [step("click", element=css(f"#{way}"))] if way else []
    result = played(browser_service, browser_test(site + path, *steps), click_through=True)
    assert (result["status"], result["inconclusive"]) == ("failed", False), result
    assert result["failure"]["code"] == "OPEN_URL"
    told = "127.0.0.1:1/: The page did not open" if way == "nowhere" else "The page answered 404."
    assert told in result["failure"]["message"]


@pytest.mark.parametrize("way", ["file", "framed"])
def test_what_no_tab_shows_is_no_page_of_the_test(
    browser_service: Service, site: str, way: str
) -> None:
    test = browser_test(f"{site}/leads", step("click", element=css(f"#{way}")))
    result = played(browser_service, test, click_through=True)
    assert result["status"] == "passed", result["failure"]


def test_the_question_for_a_password_is_no_error(browser_service: Service, site: str) -> None:
    auth = {"type": "web", "username": "rex", "password": "b0nes-forever"}
    test = browser_test(f"{site}/guarded", request={"basicAuth": auth})
    result = played(browser_service, test, click_through=True)
    assert result["status"] == "passed", result["failure"]


def test_a_page_of_a_sub_test_is_one_of_the_test(browser_service: Service, site: str) -> None:
    inner = browser_test(
        site, step("goToUrl", value=f"{site}/missing"), step("click", element=css("h1"))
    )
    test = browser_test(site, step("playSubTest", subtestPublicId="act-ing-two", subtest=inner))
    result = played(browser_service, test, click_through=True)
    assert result["failure"]["code"] == "OPEN_URL", result


def test_a_sub_test_may_assert_for_it_or_it_for_a_sub_test(
    browser_service: Service, site: str
) -> None:
    asserting = step("playSubTest", subtestPublicId=GOOD_SUB_TEST)
    acting = browser_test(site, step("click", element=css("#greet")))
    embedded = step("playSubTest", subtestPublicId="act-ing-one", subtest=acting)
    there = step("assertElementPresent", element=css("#title"))
    for steps in ([asserting], [embedded, there]):
        result = browser_service.run(browser_test(site, *steps))
        assert result["status"] == "passed", result["failure"]
    alone = browser_service.run(browser_test(site, embedded))
    assert "no step holds an assertion" in alone["failure"]["message"]
