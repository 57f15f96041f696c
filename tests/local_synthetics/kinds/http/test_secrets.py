"""Credentials of a request, which its result does not show."""

from __future__ import annotations

import json

from tests.local_synthetics.support.service import Answer, Handler, Service, Target, http_test


def test_secrets_are_masked_everywhere(target: Target, service: Service) -> None:
    def echo(handler: Handler) -> Answer:
        headers = {"Set-Cookie": "session=s3cr3t-cookie", "X-Echo": handler.path}
        return 500, headers, json.dumps(handler.asked)

    target.routes["/echo"] = echo
    definition = http_test(
        "{{ BASE }}/echo?t={{ TOKEN }}&p={{ PIN }}",
        {"type": "statusCode", "operator": "is", "target": "200"},
        {"type": "body", "operator": "contains", "target": "never {{ TOKEN }}"},
        {"type": "header", "property": "set-cookie", "operator": "is", "target": "x"},
        headers={
            "Authorization": "Bearer abcdef123",
            "Cookie": "a=cookie-value",
            "X-T": "{{ TOKEN }}",
        },
        basicAuth={"type": "web", "username": "dog", "password": "hunter22"},
        config={
            "configVariables": [
                {"name": "TOKEN", "type": "text", "pattern": "t0p/secret +1", "secure": True},
                {"name": "PIN", "type": "text", "secure": True},
            ]
        },
    )
    result = service.run(definition, variables={"BASE": target.url, "PIN": "987654"})
    assert result["failure"]["code"] == "INCORRECT_ASSERTION"
    assert target.requests[0]["headers"]["x-t"] == "t0p/secret +1"
    text = json.dumps(result)
    for secret in (
        "t0p/secret",
        "t0p%2Fsecret",
        "987654",
        "hunter22",
        "s3cr3t-cookie",
        "abcdef123",
    ):
        assert secret not in text
    shown = result["request"]["headers"]
    assert (shown["Authorization"], shown["Cookie"], shown["X-T"]) == ("********",) * 3
    assert "********" in result["request"]["url"]


def test_a_secret_is_masked_before_the_body_is_cut(target: Target, service: Service) -> None:
    target.answer("/", body="x" * 49_996 + "topsecretvalue" + "y" * 100)
    variables = [{"name": "T", "type": "text", "pattern": "topsecretvalue", "secure": True}]
    result = service.run(http_test(target.url, config={"configVariables": variables}))
    assert result["response"]["is_body_truncated"] is True
    assert len(result["response"]["body"]) == 50_000
    assert "tops" not in result["response"]["body"]


def test_url_credentials_are_masked(target: Target, service: Service) -> None:
    url = target.url.replace("http://", "http://dog:hunter22@")
    result = service.run(http_test(url))
    assert target.requests[0]["headers"]["authorization"].startswith("Basic ")
    assert "hunter22" not in json.dumps(result)
