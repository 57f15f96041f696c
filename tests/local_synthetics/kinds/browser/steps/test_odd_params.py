"""Steps with parameters that are valid and seldom seen, on a page of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.local_synthetics.support.browser_tests import browser_test, css, says, step

if TYPE_CHECKING:
    from tests.local_synthetics.support.service import Service, Target

pytestmark = pytest.mark.browser
PAGE = """<!doctype html><meta charset=utf-8><p id=said></p>
<svg onclick="say('drawn')"><circle id=circle r=20 /></svg>
<textarea id=lines oninput="say(JSON.stringify(this.value))"></textarea>
<input id=text oninput="say(this.value)" onkeydown="if (event.shiftKey) say(event.key)">
{fields}
<script>function say(text) {{ said.textContent = text }}</script>"""
FIELDS = ("color", "date", "datetime-local", "month", "number", "range", "time", "week")


def typed(kind: str, text: Any, **params: Any) -> dict[str, Any]:
    return step("typeText", element=css(f"#{kind}"), value=text, **params)


def given(code: str) -> list[dict[str, Any]]:
    return [
        step("extractFromJavascript", code=code, variable={"name": "GIVEN"}),
        typed("text", "{{ GIVEN }}"),
    ]


PRESSED = [typed("text", "a"), step("pressKey", value="\u00e9")]
SAID: dict[str, tuple[list[dict[str, Any]], str]] = {
    "a click on what is drawn": (
        [step("click", element=css("#circle"), clickWithJavascript=True)],
        "drawn",
    ),
    "a color": ([typed("color", "#ff8000")], "#ff8000"),
    "a date": ([typed("date", "2024-01-02")], "2024-01-02"),
    "a date, part by part": ([typed("date", "01022024")], "2024-01-02"),
    "a date and a time": ([typed("datetime-local", "2024-01-02T13:45")], "2024-01-02T13:45"),
    "a month": ([typed("month", "2024-03")], "2024-03"),
    "a number": ([typed("number", -3.5)], "-3.5"),
    "a range": ([typed("range", 30)], "30"),
    "a time": ([typed("time", "13:45")], "13:45"),
    "a week": ([typed("week", "2024-W05")], "2024-W05"),
    "lines of Windows": ([typed("lines", "a\r\nb")], '"a\\nb"'),
    "a key of another keyboard": (PRESSED, "a\u00e9"),
    "a letter with Shift": (
        [typed("text", ""), step("pressKey", value="a", modifiers=["Shift"])],
        "A",
    ),
    "a date of JavaScript": (given("return new Date(0)"), "1970-01-01T00:00:00.000Z"),
    "a large number of JavaScript": (given("return 12345678901234567890n"), "12345678901234567890"),
    "an object with what JSON has not": (given("return {a: NaN, b: [1]}"), '{"a":null,"b":[1]}'),
}


@pytest.fixture
def page(target: Target) -> str:
    fields = "".join(f'<input id={one} type={one} oninput="say(value)">' for one in FIELDS)
    target.answer("/", body=PAGE.format(fields=fields), headers={"Content-Type": "text/html"})
    return target.url


@pytest.mark.parametrize("name", SAID)
def test_what_an_odd_parameter_does(browser_service: Service, page: str, name: str) -> None:
    steps, said = SAID[name]
    result = browser_service.run(browser_test(page, *steps, says(said, seconds=5)))
    assert result["status"] == "passed", result["failure"]


@pytest.mark.parametrize("code", ["return NaN", "return Infinity", "return new Date(NaN)"])
def test_what_is_no_value_of_a_variable(browser_service: Service, page: str, code: str) -> None:
    """It was a fault of the service."""
    only = step("extractFromJavascript", code=code, variable={"name": "GIVEN"}, seconds=0.4)
    failure = browser_service.run(browser_test(page, only, says("")))["failure"]
    assert failure["code"] == "EXTRACT_VARIABLE"
    assert "The code returned no value." in failure["message"]


@pytest.mark.parametrize("url", ["http://[bad", "http://a b/", "http://a..b/", "http://a:99999/"])
def test_a_url_that_can_lead_nowhere(browser_service: Service, page: str, url: str) -> None:
    result = browser_service.run(browser_test(page, step("goToUrl", value=url), says("")))
    assert result["failure"]["code"] == "INVALID_URL"
