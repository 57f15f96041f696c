"""Redirects, and what goes with them."""

from __future__ import annotations

import pytest

from tests.local_synthetics.support.service import Service, Target, http_test


def redirect_chain(target: Target, length: int) -> None:
    for number in range(length):
        target.answer(f"/{number}", status=302, headers={"Location": f"/{number + 1}"})
    target.answer(f"/{length}", body="there")


@pytest.mark.parametrize(("length", "code"), [(10, None), (11, "TOO_MANY_REDIRECTS")])
def test_ten_redirects_are_followed(
    target: Target, service: Service, length: int, code: str | None
) -> None:
    redirect_chain(target, length)
    result = service.run(http_test(f"{target.url}/0", options={"follow_redirects": True}))
    assert result.get("failure", {}).get("code") == code
    assert len(result["response"]["redirects"]) == 10
    assert result["response"]["redirects"][0] == {"location": "/1", "status_code": 302}
    assert result["timings"]["redirect"] > 0


def test_redirects_are_not_followed_unless_asked(target: Target, service: Service) -> None:
    redirect_chain(target, 1)
    moved = {"type": "statusCode", "operator": "is", "target": 302}
    assert service.run(http_test(f"{target.url}/0", moved))["status"] == "passed"
    assert len(target.requests) == 1


@pytest.mark.parametrize("persists", [True, False])
def test_cookies_across_a_redirect(target: Target, service: Service, persists: bool) -> None:
    headers = {"Location": "/1", "Set-Cookie": "got=1"}
    target.answer("/0", status=302, headers=headers)
    target.answer("/1")
    definition = http_test(
        f"{target.url}/0",
        headers={"Cookie": "own=1"},
        persistCookies=persists,
        options={"follow_redirects": True},
    )
    assert service.run(definition)["status"] == "passed"
    expected = "own=1; got=1" if persists else "own=1"
    assert target.requests[1]["headers"]["cookie"] == expected


@pytest.mark.parametrize(
    "location",
    [
        *("file:///etc/passwd", "ftp://127.0.0.1/x", "javascript:alert(1)", "data:text/html,x"),
        *("http://", "http:///x", "http://127.0.0.1:99999/", "http://[::1/", "//[x]/"),
        *(f"http://{'x' * 64}.test/", "http://a..b/", "http://xn--a/", "gopher:x"),
    ],
)
def test_a_redirect_that_leads_nowhere_is_a_failure_of_the_target(
    target: Target, service: Service, location: str
) -> None:
    target.answer("/from", status=302, headers={"Location": location})
    result = service.run(http_test(f"{target.url}/from", options={"follow_redirects": True}))
    assert (result["status"], result["inconclusive"]) == ("failed", False), result["failure"]
