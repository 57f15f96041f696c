"""What the browser says it is, and what it sends; results and screenshots; hangs and crashes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.local_synthetics.servers.certificates import Certificates
from tests.local_synthetics.servers.proxy import proxy_server
from tests.local_synthetics.support.browser_tests import HAS_HEADING, browser_test, css, step
from tests.local_synthetics.support.secure import client_pair, secure

if TYPE_CHECKING:
    from pathlib import Path

    from tests.local_synthetics.support.browser_tests import Json, Play
    from tests.local_synthetics.support.service import Service, Target


pytestmark = pytest.mark.browser


def contains(text: str) -> Json:
    return step("assertPageContains", seconds=5, value=text)


@pytest.mark.parametrize(
    ("device", "size", "agent"),
    [
        ("laptop_large", "1440x1100", "X11; Linux"),
        ("chrome.tablet", "768x1020", "Android"),
        ("mobile_small", "320x550", "Mobile Safari"),
    ],
)
def test_a_device_has_its_size_and_says_that_it_is_a_test(
    play: Play, device: str, size: str, agent: str
) -> None:
    width, height = map(int, size.split("x"))
    screen = step("assertFromJavascript", code=f"return screen.width === {width}")
    result = play(contains(agent), contains("DatadogSynthetics"), contains("marked: true"), screen,
                  path="/echo", options={"device_ids": [device]})  # fmt: skip
    assert result["status"] == "passed", result["failure"]
    assert result["device"]["id"] == device
    assert result["device"]["resolution"] == {"width": width, "height": height}


def test_of_several_browsers_chrome_runs_and_the_others_have_no_verdict(
    browser_service: Service, site: str
) -> None:
    devices = ["chrome.laptop_large", "firefox.laptop_large", "edge.tablet", "mobile_small"]
    test = browser_test(site, HAS_HEADING, options={"device_ids": devices})
    batch = browser_service.final(browser_service.trigger({"local_test_definition": test}))
    found = {one["device"]: browser_service.result(one["result_id"]) for one in batch["results"]}
    passed = {device for device, result in found.items() if result["status"] == "passed"}
    assert (batch["status"], passed) == ("failed", {"chrome.laptop_large", "mobile_small"})
    for device in found.keys() - passed:
        assert (found[device]["failure"]["code"], found[device]["inconclusive"]) == (
            "INVALID_TEST",
            True,
        )
        assert f"device {device} is not supported" in found[device]["failure"]["message"]


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_the_start_page_alone_is_asked_for_with_method_and_body(
    play: Play, site: str, method: str
) -> None:
    body = {"name": "BODY", "type": "text", "pattern": "dog=Rex"}
    later = [step("goToUrl", value=f"{site}/posted"), contains("GET")]
    lacks = step("assertPageLacks", value=method)
    request = {"method": method, "body": "{{ BODY }}&age=3"}
    result = play(contains(f"{method} dog=Rex&age=3"), contains("GET"), *later, lacks,
                  path="/posted", request=request, variables=[body])  # fmt: skip
    assert result["status"] == "passed", result["failure"]


def test_headers_and_cookies_are_sent_and_secret_ones_are_not_shown(play: Play) -> None:
    result = play(
        contains("x-dog: Laika"),
        contains("good=yes"),
        contains("own=1"),
        contains("x-api-key: open-the-kennel"),
        path="/echo",
        request={"headers": {"X-Dog": "Laika", "Cookie": "own=1", "X-Api-Key": "open-the-kennel"}},
        setCookie="good=yes; Path=/; HttpOnly; SameSite=Lax\nmore=1; Max-Age=60",
    )
    assert result["status"] == "passed", result["failure"]
    assert "open-the-kennel" not in json.dumps(result)


def test_basic_auth_opens_the_page(play: Play) -> None:
    auth = {"username": "rex", "password": "b0nes-forever"}
    good = play(contains("Welcome, rex"), path="/guarded", request={"basicAuth": auth})
    assert good["status"] == "passed", good["failure"]
    assert "b0nes-forever" not in json.dumps(good)


def test_a_start_url_can_be_replaced_and_rewritten(browser_service: Service, site: str) -> None:
    definition = browser_test("https://shop.invalid/", contains("Second"))
    replaced = browser_service.run(definition, startUrl=f"{site}/second")
    rewritten = browser_service.run(
        definition, startUrlSubstitutionRegex=f"https://shop.invalid/|{site}/second"
    )
    assert [replaced["status"], rewritten["status"]] == ["passed", "passed"]
    assert rewritten["start_url"] == f"{site}/second"


def test_blocked_requests_are_not_made(play: Play) -> None:
    result = play(
        step("click", element=css("#away")),
        contains("Second"),
        options={"blockedRequestPatterns": ["*/beacon"]},
    )
    assert result["status"] == "passed"
    errors = [error for one in result["steps"] for error in one["browser_errors"]]
    assert any(error["name"].endswith("/beacon") for error in errors)


def test_an_error_of_the_page_is_in_the_result(play: Play) -> None:
    result = play(HAS_HEADING, path="/missing")
    (first, _) = result["steps"]
    assert first["warnings"] == [{"type": "http_status", "message": "The page answered 404."}]
    (error,) = first["browser_errors"]
    assert (error["type"], error["status"], error["method"]) == ("network", 404, "GET")


def test_a_step_has_the_shape_that_clients_read(play: Play, site: str) -> None:
    compare = step("assertElementContent", element=css("#title"), check="equals",
                   value="Good dogs", flow={"public_id": "abc-def-ghi"})  # fmt: skip
    result = play(compare)
    first, second = result["steps"]
    assert (first["type"], first["value"]) == ("goToUrlAndMeasureTti", f"{site}/")
    assert "public_id" not in first
    assert second["public_id"] == "abc-def-ghi"
    assert second["url"] == f"{site}/"
    assert second["assertion_result"] == {
        "check_type": "equals",
        "actual": "Good dogs",
        "expected": "Good dogs",
    }
    assert second["duration"] > 0
    assert result["browser"]["type"] == "chrome"


def test_screenshots_are_kept_and_can_be_left_out(browser_service: Service, site: str) -> None:
    silent = {**HAS_HEADING, "noScreenshot": True}
    bad = step("assertPageContains", seconds=0.2, value="cats")
    result = browser_service.run(browser_test(site, silent, bad))
    first, second, third = result["steps"]
    assert "bucket_keys" not in second
    for one in (first, third):
        answer = browser_service.get(one["bucket_keys"]["screenshot"])
        assert answer.headers["Content-Type"] == "image/jpeg"
        assert answer.content.startswith(b"\xff\xd8")
    assert browser_service.get("/local/screenshots/0").status_code == 404
    none = browser_service.run(browser_test(site, HAS_HEADING, options={"noScreenshot": True}))
    assert all("bucket_keys" not in one for one in none["steps"])


def test_a_change_of_this_machines_network_fails_no_page(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stands for containers that come and go: what Chromium then says of the first loads."""
    playwright = pytest.importorskip("playwright.async_api")
    goto = playwright.Page.goto
    said = [
        "Page.goto: net::ERR_NETWORK_CHANGED",
        'Page.goto: interrupted by another navigation to "chrome-error://chromewebdata/"',
        'Page.goto: Navigation to "http://a/" is interrupted by another navigation to "http://a/"',
    ]

    async def cut_off(page: Any, url: str, **options: Any) -> Any:
        if said:
            raise playwright.Error(said.pop(0))
        return await goto(page, url, **options)

    monkeypatch.setattr(playwright.Page, "goto", cut_off)
    assert play(HAS_HEADING)["status"] == "passed"
    assert not said


def test_the_time_until_a_page_can_be_used_is_measured(play: Play, site: str) -> None:
    slow = step("goToUrlAndMeasureTti", value=f"{site}/slow")
    result = play(slow, HAS_HEADING)
    assert result["status"] == "passed", result["failure"]
    first, second, _ = result["steps"]
    assert second["time_to_interactive"] >= 300  # ms that the page's script takes
    assert result["time_to_interactive"] == first["time_to_interactive"]


def test_another_site_is_read_without_cors_alone(play: Play, target: Target) -> None:
    target.answer("/other", body="from elsewhere")
    steps = [step("assertElementContent", seconds=2, element=css("#title"), check="equals",
                  value="from elsewhere")]  # fmt: skip
    path = f"/reads?url={target.url}/other"
    assert play(*steps, path=path)["status"] == "failed"
    assert play(*steps, path=path, options={"disableCors": True})["status"] == "passed"


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_resources_come_from_another_address(
    browser_service: Service, site: str, scheme: str
) -> None:
    barks = step("assertElementContent", seconds=2, element=css("#title"), check="equals",
                 value="Woof")  # fmt: skip
    definition = browser_test(f"{site}/elsewhere?from={scheme}://assets.invalid", barks)
    assert browser_service.run(definition)["status"] == "failed"
    rewritten = browser_service.run(
        definition,
        resourceUrlSubstitutionRegexes=["cats|dogs", f"{scheme}://assets.invalid|{site}"],
    )
    assert rewritten["status"] == "passed", rewritten["failure"]


def test_headers_of_the_test_are_not_sent_to_where_resources_come_from(
    browser_service: Service, site: str, target: Target
) -> None:
    target.answer("/bark.js", body="title.textContent = 'Woof'")
    barks = step("assertPageContains", seconds=5, value="Woof")
    headers = {"X-Api-Key": "open-the-kennel"}
    definition = browser_test(f"{site}/elsewhere?from={site}", barks, request={"headers": headers})
    result = browser_service.run(
        definition, resourceUrlSubstitutionRegexes=[f"{site}|{target.url}"]
    )
    assert result["status"] == "passed", result["failure"]
    assert [one["path"] for one in target.requests] == ["/bark.js"]
    assert "x-api-key" not in target.requests[0]["headers"]


def test_a_proxy_is_used_for_this_machine_too(play: Play, site: str) -> None:
    with proxy_server() as proxy:
        url = f"http://rex:b0nes-forever@127.0.0.1:{proxy.port}"
        result = play(contains("Second"), path="/second", request={"proxy": {"url": url}})
    assert result["status"] == "passed", result["failure"]
    assert f"GET {site}/second " in "".join(proxy.heads)
    refused = play(HAS_HEADING, request={"proxy": {"url": f"http://127.0.0.1:{proxy.port}"}})
    assert refused["failure"]["code"] == "OPEN_URL"


def test_a_client_certificate_is_shown(
    browser_service: Service, target: Target, tmp_path: Path
) -> None:
    certificates = Certificates(tmp_path)
    url = secure(target, certificates, certificates.authority)
    target.answer("/", body="<h1>Welcome, dog</h1>", headers={"Content-Type": "text/html"})
    options = {"ignoreServerCertificateError": True}
    without = browser_test(url, contains("Welcome, dog"), options=options)
    assert browser_service.run(without)["status"] == "failed"
    pair = {"certificate": client_pair(certificates)}
    shown = browser_test(url, contains("Welcome, dog"), options=options, request=pair)
    result = browser_service.run(shown)
    assert result["status"] == "passed", result["failure"]
    elsewhere = browser_test(
        url,
        contains("Welcome, dog"),
        options=options,
        request={**pair, "certificateDomains": ["https://kennel.example"]},
    )
    assert browser_service.run(elsewhere)["status"] == "failed"
    bad = {"certificate": {"cert": {"content": "no"}, "key": {"content": "no"}}}
    result = browser_service.run(browser_test(url, HAS_HEADING, request=bad))
    assert (result["failure"]["code"], result["inconclusive"]) == ("INVALID_TEST", True)


def test_a_tab_that_closes_itself_under_a_step_fails_the_test(play: Play) -> None:
    closes = step("assertFromJavascript", seconds=300, code="close(); await new Promise(() => {})")
    opens = step("assertFromJavascript", code="return Boolean(open('/second'))")
    result = play(opens, closes, HAS_HEADING)
    assert result["failure"]["message"] == "Step 2 (assertFromJavascript): The page was closed."
    assert result["inconclusive"] is False
