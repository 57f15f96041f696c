"""Which element a step is about, and that none is taken for another one."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from pytest_storedog_gate.local_synthetics.kinds.browser.steps.params import unsupported_params
from tests.local_synthetics.support.browser_tests import css, says, step

if TYPE_CHECKING:
    from tests.local_synthetics.support.browser_tests import Json, Play

_BUTTON = '/*[local-name()="html"][1]/*[local-name()="body"][1]/*[local-name()="form"][1]/*[3]'
_TEXT = "/descendant::*[text()[normalize-space(translate(., 'GRET', 'gret')) = \"greet\"]]"
_BROKEN = "/descendant::*[contains(concat('''', normalize-space(@class), '' ''), \" dog \")]"


def multi(**locators: str) -> Json:
    return {"multiLocator": locators, "targetOuterHTML": 'button id="greet"...', "url": "/"}


@pytest.mark.browser
@pytest.mark.parametrize(
    "element",
    [
        multi(ro='//*[@id="greet"]', ab="/*[1]/*[2]/*[1]", at="", cl="", clt="", co=""),
        multi(ab=_BUTTON, at="", cl="", clt=_TEXT, co=""),
        multi(ab=_BUTTON, at='/descendant::*[@id="greet"]', clt="//nav", co='[{"text":"x"}]'),
        multi(ab=_BUTTON, cl=_BROKEN, clt=_BROKEN),
        {**multi(ro='//*[@id="greet"]'), "userLocator": {"failTestOnCannotLocate": False,
            "values": [{"type": "css", "value": "#gone"}]}},
        {"userLocator": {"values": [{"type": "css", "value": "##"},
            {"type": "xpath", "value": "//button[text()='{{ LABEL }}']"}]}},
    ],
    ids=["by id", "two agree", "two of three", "broken ones do not count", "after a lost user's",
         "the second of the user's"],
)  # fmt: skip
def test_the_element_is_found(play: Play, element: Json) -> None:
    label = {"name": "LABEL", "type": "text", "pattern": "Greet"}
    result = play(step("click", element=element), says("Hello, Rex"), variables=[label])
    assert result["status"] == "passed", result["failure"]


@pytest.mark.browser
@pytest.mark.parametrize(
    "element",
    [
        multi(ro='//*[@id="discount-code"]', ab=_BUTTON, clt=_TEXT),
        multi(ab=_BUTTON, at="//nav", cl="//aside"),
        multi(ab="ab first", at="at first", cl="cl first", clt="clt first", co="co first"),
        {**multi(ro='//*[@id="greet"]'), **css("#gone")},
    ],
    ids=["another place has the id", "one of three", "nothing to read", "a user's that is strict"],
)
def test_no_other_element_is_taken_for_it(play: Play, element: Json) -> None:
    result = play(step("assertElementPresent", seconds=0.3, element=element))
    assert result["failure"]["code"] == "LOCATE_ELEMENT"


@pytest.mark.browser
@pytest.mark.parametrize(
    ("element", "reason"),
    [
        (css("##"), "'##' is not a valid selector"),
        (css("button:has-text('x')"), "is not a valid selector"),
        ({"userLocator": {"values": [{"type": "xpath", "value": "//["}]}}, "'//['"),
        ({"userLocator": {"values": [{"type": "xpath", "value": "count(//p)"}]}}, "node set"),
        (multi(ab=_BROKEN, clt=_BROKEN), "is not a valid XPath"),
    ],
)
def test_what_cannot_be_read_fails_at_once(play: Play, element: Json, reason: str) -> None:
    """It has a minute, and nothing on the page can make it readable."""
    begun = time.monotonic()
    result = play(step("click", seconds=60, element=element), says("Hello, Rex"))
    assert time.monotonic() - begun < 20
    assert (result["failure"]["code"], result["inconclusive"]) == ("LOCATE_ELEMENT", False)
    assert reason in result["failure"]["message"]


@pytest.mark.browser
@pytest.mark.parametrize(
    ("element", "votes"),
    [
        (multi(ab=_BUTTON, at="//nav", cl="//aside", clt=_TEXT), "2 of its 4 locators"),
        (multi(ro='//*[@id="gone"]', ab=_BUTTON, clt=_TEXT), "2 of its 3 locators"),
        ({**multi(ab=_BUTTON, at="//nav"), "userLocator": {"values": [
            {"type": "css", "value": "#gone"}]}}, "1 of its 2 locators"),
    ],
)  # fmt: skip
def test_a_failing_step_names_the_element_that_most_locators_chose(
    play: Play, element: Json, votes: str
) -> None:
    result = play(step("click", seconds=0.3, element=element), says("Hello, Rex"))
    message = result["failure"]["message"]
    assert result["failure"]["code"] == "LOCATE_ELEMENT"
    assert f"""Most point to '<button id="greet"></button>': {votes}.""" in message


@pytest.mark.browser
def test_a_failing_step_names_the_element_that_it_worked_on(play: Play) -> None:
    element = multi(ab=_BUTTON, clt=_TEXT, at="//nav")
    wrong = step("assertElementContent", seconds=0.3, element=element, check="equals", value="Bye")
    message = play(wrong)["failure"]["message"]
    assert "'Greet' equals 'Bye': no." in message
    assert """The element: '<button id="greet"></button>'.""" in message


@pytest.mark.parametrize(
    ("element", "problem"),
    [
        ({"url": "/"}, "Missing locator"),
        ({"multiLocator": {"ab": "", "co": "[]"}}, "Missing locator"),
        ({"userLocator": {"values": [{"type": "id", "value": "x"}]}}, "css or xpath"),
        ({"multiLocator": {"ab": 1}}, "object of strings"),
        ("#dog", "must be an object"),
    ],
)
def test_what_names_no_element_is_refused(element: Any, problem: str) -> None:
    (found,) = unsupported_params("click", {"element": element})
    assert problem in found, json.dumps(found)
