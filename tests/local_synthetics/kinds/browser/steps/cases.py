"""Steps of browser tests that pass, and such that fail."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from tests.local_synthetics.support.browser_tests import (
    BAD_SUB_TEST,
    GOOD_SUB_TEST,
    css,
    says,
    step,
)

if TYPE_CHECKING:
    from tests.local_synthetics.support.browser_tests import Json


PRESENT = step("assertElementPresent", element=css("#title"))
_BONES = hashlib.md5(b"bones\n", usedforsecurity=False).hexdigest()
_FILE = {"name": "bone.txt", "content": "woof", "size": 4}
_SHORT = 0.4  # s for what must not come about


def content(selector: str, check: str, value: str, seconds: float = 20) -> Json:
    return step(
        "assertElementContent", seconds=seconds, element=css(selector), check=check, value=value
    )


def attribute(name: str, check: str, value: str, seconds: float = 20) -> Json:
    return step(
        "assertElementAttribute", seconds=seconds, element=css("#dog"), attribute=name,
        check=check, value=value,
    )  # fmt: skip


PASSING: dict[str, list[Json]] = {
    "goToUrl": [step("goToUrl", value="{{ SITE }}/second"), content("#title", "equals", "Second")],
    "goToUrlAndMeasureTti": [
        step("goToUrlAndMeasureTti", value="{{ SITE }}/second"),
        content("#title", "equals", "Second"),
    ],
    "refresh": [
        step("typeText", element=css("#dog"), value="Fido"),
        step("click", element=css("#greet")),
        step("refresh"),
        says(""),
    ],
    "wait": [step("wait", value=0.1), PRESENT],
    "click": [step("click", element=css("#greet")), says("Hello, Rex")],
    "click double": [
        step("click", element=css("#buttons"), clickType="double"),
        says("double"),
    ],
    "click contextual": [
        step("click", element=css("#buttons"), clickType="contextual"),
        says("contextual"),
    ],
    "click with JavaScript": [
        step("click", element=css("#greet"), clickWithJavascript=True),
        says("Hello, Rex"),
    ],
    "click into a tab": [
        step("click", element=css("#tab")),
        step("assertCurrentUrl", check="contains", value="/second"),
    ],
    "hover": [step("hover", element=css("#hover")), says("hovered")],
    "typeText": [
        step("typeText", element=css("#dog"), value="{{ DOG }}", delay=1),
        step("click", element=css("#greet")),
        says("Hello, Laika"),
    ],
    "typeText at the end": [
        step("typeText", element=css("#dog"), value="y", appendToContent=True),
        content("#dog", "equals", "Rexy"),
    ],
    "selectOption by value": [
        step("selectOption", element=css("#size"), value="l"),
        content("#size", "equals", "l"),
    ],
    "selectOption by label": [
        step("selectOption", element=css("#size"), value="Large"),
        content("#size", "equals", "l"),
    ],
    "pressKey": [step("pressKey", value="F2", modifiers=["Shift"]), says("F2 shifted")],
    "scroll": [
        # A line that comes late, above, would scroll the page on (Chromium's scroll anchoring).
        step("hover", element=css("#there")),
        step("scroll", x=0, y=500),
        step("assertFromJavascript", code="return scrollY === 500"),
    ],
    "scroll in an element": [
        step("scroll", element=css("#box"), x=50, y=0),
        step("assertFromJavascript", element=css("#box"), code="return element.scrollLeft === 50"),
    ],
    "drag and drop": [
        step("drag", element=css("#source"), options={"delay": 10}),
        step("drop", element=css("#place"), options={"delay": 10}),
        says("bone"),
    ],
    "drag and drop, at an offset": [
        # Each names the other's element, so that only the offsets lead to the right ones.
        step("drag", element=css("#place"), options={"offset": {"x": -670, "y": -40}}),
        step("drop", element=css("#source"), options={"offset": {"x": 0, "y": 50}}),
        says("bone"),
    ],
    "uploadFiles": [
        step("uploadFiles", element=css("#upload"), files=[_FILE]),
        says("bone.txt 4"),
    ],
    "uploadFiles with a click": [
        step("uploadFiles", element=css("#dialog"), files=[_FILE], withClick=True),
        says("bone.txt 4"),
    ],
    "assertElementPresent": [step("assertElementPresent", element=css("#there"))],
    "assertElementContent": [content("#there", "contains", "at last")],
    "assertElementContent, greater": [content(".count", "greater", "41.5")],
    "assertElementContent, between": [
        step("assertElementContent", element=css(".count"), check="between",
             value={"min": 42, "max": "{{ MOST }}"}),
    ],
    "assertElementContent, matchRegex": [content("#title", "matchRegex", "^good|dogs$")],
    "assertElementContent, isEmpty": [
        step("assertElementContent", element=css("#said"), check="isEmpty")
    ],
    "assertElementAttribute": [attribute("data-kind", "startsWith", "na")],
    "assertPageContains": [step("assertPageContains", value="there at last")],
    "assertPageContains, in a frame": [step("assertPageContains", value="inside the frame")],
    "assertPageLacks": [step("assertPageLacks", value="cats")],
    "assertCurrentUrl": [
        step("click", element=css("#away")),
        step("assertCurrentUrl", check="equals", value="{{ SITE }}/second"),
    ],
    "assertFromJavascript": [
        step("assertFromJavascript", code="return (await Promise.resolve(vars.DOG)) === 'Laika'")
    ],
    "assertRequests": [
        step("click", element=css("#away")),
        step("assertRequests",
             requests={"url": "/beacon", "count": {"type": "equals", "value": 1}}),
    ],
    "assertRequests, between": [
        step("click", element=css("#away")),
        step("assertRequests",
             requests={"url": "/beacon", "count": {"type": "between", "min": 1, "max": 2}}),
    ],
    "assertFileDownload": [
        step("click", element=css("#file")),
        step("assertFileDownload", file={
            "md5": _BONES,
            "nameCheck": {"type": "equals", "value": "bones.txt"},
            "sizeCheck": {"type": "lower", "value": 7},
        }),
    ],
    "extractFromJavascript": [
        step("extractFromJavascript", code="return 6 * 7", variable={"name": "ANSWER"}),
        content(".count", "equals", "{{ ANSWER }}"),
    ],
    "extractVariable": [
        step("extractVariable", element=css("#title"), variable={"name": "WHO"},
             pattern={"type": "regex", "value": "Good (\\w+)"}),
        step("assertFromJavascript", code="return vars.WHO === 'dogs'"),
    ],
    "runApiTest": [
        step("runApiTest", request={"subtype": "http", "options": {}, "config": {
            "request": {"method": "GET", "url": "{{ SITE }}/beacon"},
            "assertions": [{"type": "body", "operator": "is", "target": "ok"}],
        }}),
    ],
    "playSubTest": [step("playSubTest", subtestPublicId=GOOD_SUB_TEST)],
    "a shadow root": [step("click", element=css("#deep")), says("dug")],
    "a frame": [content("#inner", "equals", "inside the frame")],
}  # fmt: skip
FAILING: dict[str, tuple[str, list[Json]]] = {
    "goToUrl, refused": ("OPEN_URL", [step("goToUrl", value="http://127.0.0.1:1/")]),
    "goToUrlAndMeasureTti, refused": (
        "OPEN_URL", [step("goToUrlAndMeasureTti", value="http://127.0.0.1:1/")],
    ),
    "goToUrl, a file": ("INVALID_URL", [step("goToUrl", value="file:///etc/hostname")]),
    "refresh, refused": (
        "OPEN_URL", [step("goToUrl", value="{{ SITE }}/once"), step("refresh")],
    ),
    "click, absent": ("LOCATE_ELEMENT", [step("click", seconds=_SHORT, element=css("#cat"))]),
    "click, invisible": (
        "INVISIBLE_ELEMENT", [step("click", seconds=_SHORT, element=css("#hidden"))],
    ),
    "hover, absent": ("LOCATE_ELEMENT", [step("hover", seconds=_SHORT, element=css("#cat"))]),
    "typeText, no input": (
        "ELEMENT_NOT_INTERACTABLE",
        [step("typeText", seconds=_SHORT, element=css("#title"), value="x")],
    ),
    "selectOption, no such option": (
        "SELECT_OPTION", [step("selectOption", seconds=_SHORT, element=css("#size"), value="xl")],
    ),
    "pressKey, no such key": ("PRESS_KEY", [step("pressKey", value="Bark")]),
    "scroll, absent": ("LOCATE_ELEMENT", [step("scroll", seconds=_SHORT, element=css("#cat"))]),
    "drag, absent": (
        "LOCATE_ELEMENT",
        [step("drag", seconds=_SHORT, element=css("#cat")), step("drop", element=css("#place"))],
    ),
    "drop, absent": (
        "LOCATE_ELEMENT",
        [step("drag", element=css("#source")), step("drop", seconds=_SHORT, element=css("#cat"))],
    ),
    "uploadFiles, no file input": (
        "UPLOAD_FILES_ELEMENT_TYPE",
        [step("uploadFiles", seconds=_SHORT, element=css("#title"), files=[_FILE])],
    ),
    "uploadFiles, no dialog": (
        "UPLOAD_FILES_DIALOG",
        [step("uploadFiles", seconds=_SHORT, element=css("#title"), files=[_FILE],
              withClick=True)],
    ),
    "assertElementPresent": (
        "LOCATE_ELEMENT", [step("assertElementPresent", seconds=_SHORT, element=css("#cat"))],
    ),
    "assertElementContent": ("ASSERTION_FAILURE", [content("#title", "equals", "Cats", _SHORT)]),
    "assertElementContent, between": (
        "ASSERTION_FAILURE",
        [step("assertElementContent", seconds=_SHORT, element=css(".count"), check="between",
              value={"min": 43, "max": 44})],
    ),
    "assertElementContent, between, with a bound in a bound": (
        "ASSERTION_FAILURE",
        [step("extractFromJavascript", code="""return '1", "max": "99'""", variable={"name": "N"}),
         step("assertElementContent", seconds=_SHORT, element=css(".count"), check="between",
              value={"max": "1", "min": "{{ N }}"})],
    ),
    "assertElementContent, between, of no number": (
        "ASSERTION_FAILURE",
        [step("assertElementContent", seconds=_SHORT, element=css("#title"), check="between",
              value={"min": 1, "max": 44})],
    ),
    "assertElementContent, not a number": (
        "ASSERTION_FAILURE", [content("#title", "greater", "1", _SHORT)],
    ),
    "assertElementContent, notContains": (
        "ASSERTION_FAILURE", [content("#title", "notContains", "dogs", _SHORT)],
    ),
    "assertElementContent, of any text": (
        "INVALID_TEST", [content("#title", "contains", "", _SHORT)],
    ),
    "assertPageContains, of any text": (
        "INVALID_TEST", [step("assertPageContains", value="")],
    ),
    "assertElementAttribute": (
        "ASSERTION_FAILURE", [attribute("data-kind", "equals", "x", _SHORT)],
    ),
    "assertElementAttribute, absent": (
        "ASSERTION_FAILURE", [attribute("data-cat", "notEquals", "x", _SHORT)],
    ),
    "assertPageContains": (
        "ASSERTION_FAILURE", [step("assertPageContains", seconds=_SHORT, value="cats")],
    ),
    "assertPageLacks": (
        "ASSERTION_FAILURE", [step("assertPageLacks", seconds=_SHORT, value="Good dogs")],
    ),
    "assertCurrentUrl": (
        "ASSERTION_FAILURE",
        [step("assertCurrentUrl", seconds=_SHORT, check="contains", value="/second")],
    ),
    "assertFromJavascript": (
        "ASSERTION_FAILURE", [step("assertFromJavascript", seconds=_SHORT, code="1 === 1")],
    ),
    "assertFromJavascript, throws": (
        "EVALUATE_JAVASCRIPT", [step("assertFromJavascript", code="throw new Error('woof')")],
    ),
    "assertFromJavascript, no JavaScript": (
        "EVALUATE_JAVASCRIPT", [step("assertFromJavascript", code="return (")],
    ),
    "assertFromJavascript, without end": (
        "STEP_TIMEOUT",
        [step("assertFromJavascript", seconds=_SHORT, code="return new Promise(() => {})")],
    ),
    "assertRequests": (
        "ASSERTION_FAILURE",
        [step("assertRequests", seconds=_SHORT,
              requests={"url": "/beacon", "count": {"type": "greater", "value": 0}})],
    ),
    "assertRequests, between": (
        "ASSERTION_FAILURE",
        [step("assertRequests", seconds=_SHORT,
              requests={"url": "/beacon", "count": {"type": "between", "min": 1, "max": 2}})],
    ),
    "assertFileDownload, none": (
        "ASSERTION_FAILURE",
        [step("assertFileDownload", seconds=_SHORT, file={"md5": _BONES})],
    ),
    "assertFileDownload, another": (
        "ASSERTION_FAILURE",
        [step("click", element=css("#file")),
         step("assertFileDownload", seconds=_SHORT, file={"md5": "0" * 32})],
    ),
    "extractVariable": (
        "EXTRACT_VARIABLE",
        [step("extractVariable", seconds=_SHORT, element=css("#title"), variable={"name": "X"},
              pattern={"type": "regex", "value": "cats"})],
    ),
    "extractFromJavascript": (
        "EXTRACT_VARIABLE",
        [step("extractFromJavascript", seconds=_SHORT, code="1", variable={"name": "X"})],
    ),
    "playSubTest": (
        "SUB_TEST_NOT_PASSED", [step("playSubTest", subtestPublicId=BAD_SUB_TEST)],
    ),
    "runApiTest, an assertion": (
        "ASSERTION_FAILURE",
        [step("runApiTest", request={"subtype": "http", "config": {
            "request": {"method": "GET", "url": "{{ SITE }}/missing"},
            "assertions": [{"type": "statusCode", "operator": "is", "target": 200}],
        }})],
    ),
    "runApiTest, refused": (
        "API_REQUEST_FAILURE",
        [step("runApiTest", request={"subtype": "http", "config": {
            "request": {"method": "GET", "url": "http://127.0.0.1:1/"},
            "assertions": [{"type": "statusCode", "operator": "is", "target": 200}],
        }})],
    ),
}  # fmt: skip


def variables(site: str) -> list[Json]:
    values = {"SITE": site, "DOG": "Laika", "MOST": "42.5"}
    return [{"name": name, "type": "text", "pattern": value} for name, value in values.items()]


def passing_types(name: str, steps: list[Json]) -> set[str]:
    """The types of step that a case of PASSING is about."""
    return {step["type"] for step in steps} & set(name.replace(",", "").split())


def failing_type(name: str) -> str:
    """The type of step that a case of FAILING is about."""
    return name.partition(",")[0]


# A wait has nothing to be seen; what proves something by itself also fails so, in `test_steps`.
_PROVING = {"wait", "runApiTest", "playSubTest"}
ACTIONS = [
    name
    for name, steps in PASSING.items()
    if any(
        not one.startswith("assert") and one not in _PROVING for one in passing_types(name, steps)
    )
]
