"""HTTP API tests against real targets."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest

from tests.local_synthetics.support.service import Service, Target, http_test


def test_a_passing_check_says_what_it_did(target: Target, service: Service) -> None:
    target.answer_json("/discount", [{"code": "BFRIDAY"}])
    definition = http_test(
        f"{target.url}/discount",
        {"type": "statusCode", "operator": "is", "target": 200},
        {"type": "header", "property": "content-type", "operator": "contains", "target": "json"},
        {"type": "responseTime", "operator": "lessThan", "target": 20_000},
    )
    result = service.run(definition)
    assert result["status"] == "passed"
    assert "failure" not in result
    assert [one["valid"] for one in result["assertions"]] == [True, True, True]
    assert result["resolved_ip"] == "127.0.0.1"
    assert result["response"]["status_code"] == 200
    assert json.loads(result["response"]["body"]) == [{"code": "BFRIDAY"}]
    assert result["response"]["is_body_truncated"] is False
    timings = result["timings"]
    assert timings.keys() == {"dns", "tcp", "firstByte", "download", "total"}
    parts = sum(value for stage, value in timings.items() if stage != "total")
    assert timings["total"] == pytest.approx(parts, abs=5)
    assert result["finished_at"] >= result["started_at"]
    assert (result["run_type"], result["unhealthy"]) == ("ci", False)


def test_a_failed_assertion_is_told_as_datadog_tells_it(target: Target, service: Service) -> None:
    target.answer("/", status=503)
    definition = http_test(
        target.url,
        {"type": "body", "operator": "is", "target": ""},
        {"type": "statusCode", "operator": "is", "target": 200},
    )
    result = service.run(definition)
    assert (result["status"], result["inconclusive"]) == ("failed", False)
    assert result["failure"]["code"] == "INCORRECT_ASSERTION"
    (unmet,) = json.loads(result["failure"]["message"])
    assert unmet.pop("error_message")
    assert unmet == {
        "index": 1,
        "type": "statusCode",
        "operator": "is",
        "target": 200,
        "actual": 503,
        "valid": False,
    }


def test_the_request_is_sent_as_defined(target: Target, service: Service) -> None:
    definition = http_test(
        f"{target.url}/?a=1",
        method="POST",
        query={"b": "x y"},
        headers={"X-Env": "staging", "user-agent": "mine"},
        body='{"a":1}',
        bodyType="application/json",
        basicAuth={"username": "dog", "password": "hunter22"},
    )
    assert service.run(definition)["status"] == "passed"
    (asked,) = target.requests
    assert (asked["method"], asked["body"]) == ("POST", '{"a":1}')
    assert asked["path"] in {"/?a=1&b=x+y", "/?a=1&b=x%20y"}
    assert asked["headers"]["x-env"] == "staging"
    assert asked["headers"]["user-agent"] == "mine"
    assert asked["headers"]["content-type"] == "application/json"
    token = base64.b64encode(b"dog:hunter22").decode()
    assert asked["headers"]["authorization"] == f"Basic {token}"


def test_a_form_is_encoded(target: Target, service: Service) -> None:
    definition = http_test(target.url, method="POST", form={"a": "1 2", "b": "&"})
    assert service.run(definition)["status"] == "passed"
    assert target.requests[0]["body"] == "a=1+2&b=%26"
    assert target.requests[0]["headers"]["content-type"] == "application/x-www-form-urlencoded"


def test_a_body_need_not_be_saved(target: Target, service: Service) -> None:
    target.answer("/", body="private words")
    definition = http_test(
        target.url,
        {"type": "body", "operator": "is", "target": "x"},
        noSavingResponseBody=True,
    )
    result = service.run(definition)
    assert result["failure"]["code"] == "INCORRECT_ASSERTION"
    assert "private" not in json.dumps(result)


def test_a_body_that_is_not_saved_is_in_no_assertion(target: Target, service: Service) -> None:
    target.answer("/", body='["private words"]')
    schema = {"jsonSchema": '{"items": {"type": "null"}}', "metaSchema": "draft-07"}
    path = {"jsonPath": "$[0]", "operator": "is", "targetValue": "x"}
    definition = http_test(
        target.url,
        {"type": "body", "operator": "validatesJSONSchema", "target": schema},
        {"type": "body", "operator": "validatesJSONPath", "target": path},
        noSavingResponseBody=True,
    )
    result = service.run(definition)
    assert [one["valid"] for one in result["assertions"]] == [False, False]
    assert "private" not in json.dumps(result)


def test_a_hash_is_of_the_body_as_it_was_sent(target: Target, service: Service) -> None:
    target.answer("/", body="déjà vu", headers={"Content-Type": "text/plain; charset=latin-1"})
    digest = hashlib.sha256("déjà vu".encode()).hexdigest()
    assertion = {"type": "bodyHash", "operator": "sha256", "target": digest}
    assert service.run(http_test(target.url, assertion))["status"] == "passed"


@pytest.mark.parametrize(
    ("url", "code", "named"),
    [
        ("{{ NOWHERE }}/x", "INVALID_TEST", "NOWHERE"),
        ("discounts/list", "INVALID_REQUEST", "discounts/list"),
        ("ftp://127.0.0.1/", "INVALID_REQUEST", "ftp"),
        ("http://", "INVALID_REQUEST", "http://"),
        ("http://127.0.0.1:99999/", "INVALID_REQUEST", "99999"),
    ],
)
def test_a_url_that_cannot_be_asked(service: Service, url: str, code: str, named: str) -> None:
    result = service.run(http_test(url))
    assert (result["status"], result["inconclusive"]) == ("failed", True)
    assert result["failure"]["code"] == code
    assert named in result["failure"]["message"]


def test_a_variable_undefined_in_an_assertion_sends_nothing_green(
    target: Target, service: Service
) -> None:
    assertion = {"type": "body", "operator": "doesNotContain", "target": "{{ WORD }}"}
    result = service.run(http_test(target.url, assertion))
    assert result["failure"] == {
        "code": "INVALID_TEST",
        "message": "variable WORD has no value: it is not defined",
    }


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"certificate": {"cert": {"content": "x"}}}, "config.request.certificate"),
    ({"files": [{"name": "a"}]}, "config.request.files"),
    ({"bodyType": "multipart/form-data"}, "multipart/form-data"),
    ({"basicAuth": {"type": "novel", "username": "a", "password": "b"}}, "'novel'"),
    ({"timeout": "soon"}, "timeout must be seconds"),
    ({"timeout": -1}, "timeout must be seconds from 0"),
    ({"headers": {"A": 1}}, "config.request.headers"),
    ({"form": {"a": "b"}, "body": "c"}, "form and body"),
    ({"novelty": 1}, "config.request.novelty"),
    ({"url": ""}, "config.request.url"),
    ({"config": {"variablesFromScript": 1}}, "config.variablesFromScript: the code must be"),
    ({"config": {"variablesFromScript": "'{{ A }}'"}}, "dd.variable.get('A')"),
    ({"config": {"assertions": []}}, "config.assertions is empty"),
    ({"config": {"assertions": [{"type": "javascript", "code": "1"}]}}, "asserts nothing"),
    ({"config": {"assertions": [{"type": "javascript"}]}}, "the code must be a string"),
    (
        {"config": {"assertions": [{"type": "javascript", "code": "expect", "target": 1}]}},
        "javascript takes no target",
    ),
    ({"options": {"checkCertificateRevocation": True}}, "checkCertificateRevocation"),
    ({"options": {"follow_redirects": "no"}}, "follow_redirects"),
    (
        {"config": {"configVariables": [{"name": "A", "pattern": "{{ totp }}"}]}},
        "configVariables A: builtin {{ totp }}",
    ),
]


@pytest.mark.parametrize(("part", "named"), REFUSED, ids=[named for _, named in REFUSED])
def test_what_is_not_supported_is_refused_by_name(
    target: Target, service: Service, part: dict[str, Any], named: str
) -> None:
    result = service.run(http_test(**{"url": target.url, **part}))
    assert (result["status"], result["inconclusive"]) == ("failed", True)
    assert result["failure"]["code"] == "INVALID_TEST"
    assert named in result["failure"]["message"]
    assert target.requests == []


@pytest.mark.parametrize("body", ['{"a": "\\ud800"}', '{"a": 1' + "0" * 400 + "}", '{"a": 1e999}'])
def test_odd_json_is_a_result_and_no_fault(target: Target, service: Service, body: str) -> None:
    target.answer("/", body=body)
    path = {"jsonPath": "$.a", "operator": "is", "targetValue": "7"}
    result = service.run(
        http_test(target.url, {"type": "body", "operator": "validatesJSONPath", "target": path})
    )
    assert result["failure"]["code"] == "INCORRECT_ASSERTION"


@pytest.mark.parametrize("body", ["null", "true", "false", "0", "5", '""', '"a"', "[]", "{}"])
def test_a_path_in_what_holds_nothing_selects_nothing(
    target: Target, service: Service, body: str
) -> None:
    target.answer("/", body=body)
    wanted = {"jsonPath": "$.a", "operator": "is", "targetValue": "x"}
    asserted = {"type": "body", "operator": "validatesJSONPath", "target": wanted}
    result = service.run(http_test(target.url, asserted))
    assert result["failure"]["code"] == "INCORRECT_ASSERTION", result["failure"]
    assert "selects nothing" in result["failure"]["message"]


@pytest.mark.parametrize(
    "charset",
    [
        *("base64", "zlib_codec", "bz2", "rot13", "hex", "uu", "idna", "punycode", "undefined"),
        *(
            "unicode_escape",
            "raw-unicode-escape",
            "no-such-thing",
            "mbcs",
            "utf-8",
            "latin-1",
            '""',
        ),
    ],
)
def test_a_charset_that_is_none_of_texts_is_as_none(
    target: Target, service: Service, charset: str
) -> None:
    headers = {"Content-Type": f"text/html; charset={charset}"}
    target.answer("/", body="woof" + "x" * 200_000, headers=headers)
    result = service.run(
        http_test(target.url, {"type": "body", "operator": "contains", "target": "woof"})
    )
    assert result["status"] == "passed", result.get("failure")


@pytest.mark.parametrize("value", ["wóof", "\N{DOG}", "a\r\nX-Other: b", "a\nb", "a\0b"])
@pytest.mark.parametrize("kind", ["http", "mcp"])
def test_a_header_that_cannot_be_sent_is_named(
    target: Target, service: Service, kind: str, value: str
) -> None:
    wanted = http_test(target.url, headers={"X-Fine": "woof", "X-Dog": "{{ DOG }}"})
    if kind == "mcp":
        wanted["subtype"], wanted["config"]["request"]["callType"] = "mcp", "init"
        del wanted["config"]["request"]["method"]
    result = service.run(wanted, variables={"DOG": value})
    assert (result["failure"]["code"], result["inconclusive"]) == ("INVALID_REQUEST", True)
    assert "'X-Dog' holds characters that cannot be sent" in result["failure"]["message"]
    assert value not in result["failure"]["message"]


@pytest.mark.parametrize("length", ["3", "7"])
def test_a_length_that_the_body_does_not_have_is_the_tests_fault(
    service: Service, target: Target, length: str
) -> None:
    headers = {"Content-Length": length}
    result = service.run(http_test(target.url, method="POST", body="hello", headers=headers))
    assert result["failure"]["code"] == "INVALID_REQUEST"
    assert "Content-Length" in result["failure"]["message"]
