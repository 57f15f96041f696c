"""Which element a step is about, and that none is taken for another one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pytest_storedog_gate.local_synthetics.browser.elements import unsupported_element

from .conftest import css, says, step

if TYPE_CHECKING:
    from .conftest import Json, Play

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
    (found,) = unsupported_element(element)
    assert problem in found, json.dumps(found)
