"""What of a browser test is refused, by name."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from pytest_storedog_gate.local_synthetics.chromium.screenshots import Screenshots
from pytest_storedog_gate.local_synthetics.definitions.definition import parse
from pytest_storedog_gate.local_synthetics.definitions.files import load
from pytest_storedog_gate.local_synthetics.kinds import all_kinds
from tests.local_synthetics.support.browser_tests import browser_test, css, step
from tests.repository import ROOT

if TYPE_CHECKING:
    from tests.local_synthetics.support.browser_tests import Json

PACKAGE = "pytest_storedog_gate.local_synthetics"
_GOOD = step("assertElementPresent", element=css("#title"))
_API = {"subtype": "http", "config": {"request": {"url": "http://x"}, "assertions": []}}


def refusals(*steps: Json, **parts: Any) -> str:
    pytest.importorskip("playwright")
    definition = parse(browser_test("http://127.0.0.1/", *(steps or (_GOOD,)), **parts))
    return "; ".join(all_kinds()["browser", ""].unsupported(definition))


@pytest.mark.parametrize(
    ("steps", "problem"),
    [
        ([step("click", element=css("a"))], "no step holds an assertion"),
        ([step("runApiTest", request=_API)], "no step holds an assertion"),
        ([step("assertEmail", email="x")], "params.email must be an object"),
        ([step("assertEmail", email={"cc": {}})], "params.email.cc is not supported"),
        ([step("assertEmail", email={"body": "x"})], "params.email.body must be an object of"),
        ([step("assertEmail", email={"body": {"type": "has", "value": "x"}})], "check 'has'"),
        ([_GOOD, step("extractFromEmailBody", variable={"name": "X"})],
         "params.pattern is missing"),
        ([_GOOD, step("extractFromEmailBody", variable={"name": "X"},
                      pattern={"type": "x_path", "value": "//["})], "XPath '//[' is not valid"),
        ([_GOOD, step("extractFromEmailBody", variable={"name": "X"},
                      pattern={"type": "css", "value": "b"})], "the type regex or x_path"),
        ([_GOOD, step("extractFromEmailBody", variable={"name": "X"},
                      pattern={"type": ["regex"], "value": "b"})], "the type regex or x_path"),
        ([_GOOD, step("click")], "steps[1]: params.element is missing"),
        ([_GOOD, step("hover", element=css("a"), force=True)], "params.force is not supported"),
        ([_GOOD, step("click", element=css("a"), clickType="triple")], "clickType 'triple'"),
        ([_GOOD, step("wait", value=301)], "from 0 to 300"),
        ([_GOOD, step("refresh", seconds=301)], "timeout must be seconds from 0 to 300"),
        ([{**_GOOD, "retry": {"count": 1}}], "retry is not supported"),
        ([{**_GOOD, "allowFailure": "yes"}], "allowFailure must be true or false"),
        ([step("assertCurrentUrl", check="between", value="1")], "an object of min and max"),
        ([step("assertCurrentUrl", check="between", value=[1, 2])], "an object of min and max"),
        ([step("assertCurrentUrl", check="between", value={"min": 1, "max": "b"})],
         "min and max must be numbers"),
        ([step("assertCurrentUrl", check="between", value={"min": 2, "max": 1})],
         "min is over max"),
        ([step("assertCurrentUrl", check="equals", value={"min": 1, "max": 2})],
         "needs a string or a number"),
        ([step("assertCurrentUrl", check="equals")], "params.value is missing"),
        ([step("assertCurrentUrl", check=["equals"], value="x")], "check ['equals']"),
        ([step("assertCurrentUrl", check="matchRegex", value="(")], "'(' is not supported"),
        ([_GOOD, step("drag", element=css("a"))], "a drag must be followed by its drop"),
        ([_GOOD, step("drag", element=css("a"), options={"offset": {"z": 1}}),
          step("drop", element=css("a"))], "offset must be an object of x and y"),
        ([_GOOD, step("drag", element=css("a"), options={"speed": 1}),
          step("drop", element=css("a"))], "params.options.speed is not supported"),
        ([_GOOD, step("uploadFiles", element=css("a"), files=[{"name": "a", "bucketKey": "b"}])],
         "holds it, under the bucketKey"),
        ([step("assertRequests", requests={"url": "x", "count": {"type": "between"}})],
         "count: check between needs an object of min and max"),
        ([step("assertRequests", requests={"url": "x", "count": {"type": "matchRegex"}})],
         "count.type 'matchRegex'"),
        ([_GOOD, step("extractVariable", element=css("a"), variable={"name": "X"},
                      pattern={"type": "x_path", "value": "//a"})], "only the type regex"),
        ([_GOOD, step("playSubTest", subtestPublicId="abc-def-ghi")], "abc-def-ghi is not among"),
        ([_GOOD, step("playSubTest", subtestPublicId="abc-def-ghi", playingTabId=2)],
         "playingTabId"),
        ([_GOOD, step("runApiTest", request={**_API, "subtype": "grpc"})], "of type 'grpc'"),
        ([_GOOD, step("runApiTest", request={**_API, "subtype": None})], "of type ''"),
    ],
)  # fmt: skip
def test_a_step_that_would_be_passed_over_is_refused(steps: list[Json], problem: str) -> None:
    assert problem in refusals(*steps)


@pytest.mark.parametrize(
    ("parts", "problem"),
    [
        ({"options": {"device_ids": ["firefox.laptop_large"]}}, "firefox.laptop_large is not"),
        ({"options": {"disableCors": "yes"}}, "options.disableCors must be true or false"),
        ({"options": {"checkCertificateRevocation": True}}, "options.checkCertificateRevocation"),
        ({"options": {"httpVersion": "http2"}}, "options.httpVersion"),
        ({"options": {"noScreenshot": "no"}}, "options.noScreenshot must be true or false"),
        ({"request": {"method": "TRACE"}}, "method must be one of GET, POST"),
        ({"request": {"body": "x"}}, "config.request.body: a browser sends none with GET"),
        (
            {"request": {"proxy": {"url": "http://p", "headers": {"A": "b"}}}},
            "proxy.headers is not",
        ),
        ({"request": {"certificate": {"cert": {}}}}, "config.request.certificate.cert has no"),
        ({"request": {"certificateDomains": ["*.kennel.example"]}}, "certificateDomains must be"),
        ({"request": {"basicAuth": {"type": "ntlm"}}}, "basicAuth type 'ntlm'"),
        ({"assertions": [{"type": "body"}]}, "config.assertions is not supported"),
    ],
)
def test_a_setting_that_would_be_passed_over_is_refused(parts: Json, problem: str) -> None:
    assert problem in refusals(**parts)


def test_what_is_supported_is_not_refused() -> None:
    assert refusals() == ""


def test_without_playwright_the_lab_loads_and_the_test_is_refused_by_name() -> None:
    code = (
        "import sys; sys.modules['playwright'] = None\n"
        f"from {PACKAGE}.definitions.files import load\n"
        f"from {PACKAGE}.kinds import all_kinds\n"
        f"tests = load([{str(ROOT / 'lab/checks/*.synthetics.json')!r}]).tests\n"
        "print(*all_kinds(tests)['browser', ''].unsupported(tests['shp-brw-flw']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.stdout == (
        "playwright is not installed; run: pip install 'pytest-storedog-gate[browser]'\n"
    ), done.stderr


def test_the_labs_own_flow_is_supported() -> None:
    pytest.importorskip("playwright")
    tests = load([str(ROOT / "lab/checks/*.synthetics.json")]).tests
    assert all_kinds(tests)["browser", ""].unsupported(tests["shp-brw-flw"]) == []


def test_old_screenshots_are_forgotten() -> None:
    kept = Screenshots(kept=5)
    names = [kept.put(picture).rpartition("/")[2] for picture in (b"123", b"45", b"6")]
    assert [kept.get(name) for name in names] == [None, b"45", b"6"]
