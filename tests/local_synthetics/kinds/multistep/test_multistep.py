"""Multistep API tests: their flow, what they extract, what they refuse."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pytest_storedog_gate.datadog.details import details_from_json
from tests.local_synthetics.support.multistep_tests import (
    OK,
    extracted,
    multi,
    statuses,
    step,
    tail,
)

if TYPE_CHECKING:
    from tests.local_synthetics.support.service import (
        Service,
        Target,
    )


def test_an_assertion_of_a_step_is_told_once(shop: Target, service: Service) -> None:
    result = service.run(multi(step(f"{shop.url}/discount")))
    (told,) = details_from_json(
        {"data": [{"attributes": {"result": result}, "id": result["id"], "type": "result"}]}
    ).values()
    assert len(told.steps[0].assertions) == len(result["steps"][0]["assertions"]) == 1


def test_steps_run_in_order_and_tell_what_they_found(shop: Target, service: Service) -> None:
    first = step(f"{shop.url}/discount")
    result = service.run(multi(first, step(f"{shop.url}/apply"), tail(0)))
    assert result["status"] == "passed"
    assert [asked["path"] for asked in shop.requests] == ["/discount", "/apply"]
    assert statuses(result) == ["passed"] * 3
    shown = result["steps"][0]
    assert (shown["id"], shown["name"], shown["subtype"]) == (first["id"], "GET discount", "http")
    assert (shown["allow_failure"], shown["is_critical"]) == (False, False)
    assert shown["response"]["status_code"] == 200
    assert shown["assertion_results"] == shown["assertions"]
    assert shown["assertions"][0]["valid"] is True
    assert shown["timings"]["total"] > 0
    assert shown["retry_count"] == 0
    assert result["steps"][2]["value"] == 0


def test_steps_are_of_many_kinds(shop: Target, service: Service) -> None:
    port = shop.server.server_port
    connect = {
        **step("unused", {"type": "connection", "operator": "is", "target": "established"}),
        "subtype": "tcp",
        "name": "connect",
        "request": {"host": "127.0.0.1", "port": str(port)},
    }
    result = service.run(multi(connect, step(f"{shop.url}/apply")))
    assert result["status"] == "passed", result["failure"]
    assert [one["subtype"] for one in result["steps"]] == ["tcp", "http"]


def test_a_failed_step_ends_the_test(shop: Target, service: Service) -> None:
    result = service.run(multi(step(f"{shop.url}/down"), step(f"{shop.url}/apply"), tail(180)))
    assert (result["status"], result["inconclusive"]) == ("failed", False)
    assert statuses(result) == ["failed", "skipped", "skipped"]
    assert result["failure"]["code"] == "INCORRECT_ASSERTION"
    (unmet,) = json.loads(result["failure"]["message"])
    assert (unmet["step"], unmet["actual"]) == ("GET down", 503)
    assert result["steps"][0]["failure"]["code"] == "INCORRECT_ASSERTION"
    assert len(shop.requests) == 1


@pytest.mark.parametrize(("critical", "status"), [(False, "passed"), (True, "failed")])
def test_a_step_may_be_allowed_to_fail(
    shop: Target, service: Service, critical: bool, status: str
) -> None:
    allowed = step(f"{shop.url}/down", allowFailure=True, isCritical=critical)
    result = service.run(multi(allowed, step(f"{shop.url}/apply")))
    assert result["status"] == status
    assert statuses(result) == ["failed", "passed"]


def test_a_success_may_end_the_test(shop: Target, service: Service) -> None:
    exits = step(f"{shop.url}/apply", exitIfSucceed=True)
    result = service.run(multi(exits, step(f"{shop.url}/down")))
    assert (result["status"], result["exited_on_step_success"]) == ("passed", True)
    assert statuses(result) == ["passed", "skipped"]


def test_a_failure_before_an_early_end_still_counts(shop: Target, service: Service) -> None:
    critical = step(f"{shop.url}/down", allowFailure=True, isCritical=True)
    exits = step(f"{shop.url}/apply", exitIfSucceed=True)
    assert service.run(multi(critical, exits))["status"] == "failed"


def test_a_test_whose_every_step_failed_is_no_pass(shop: Target, service: Service) -> None:
    result = service.run(multi(step(f"{shop.url}/down", allowFailure=True)))
    assert (result["status"], result["inconclusive"]) == ("failed", True)
    assert "nothing was proved" in result["failure"]["message"]


def test_a_step_that_asserts_nothing_proves_nothing(shop: Target, service: Service) -> None:
    silent = {**step(f"{shop.url}/apply", exitIfSucceed=True), "assertions": []}
    result = service.run(multi(silent, step(f"{shop.url}/apply")))
    assert "nothing was proved" in result["failure"]["message"]


def test_a_step_is_retried(shop: Target, service: Service) -> None:
    answers = iter([503, 503, 200])
    shop.routes["/flaky"] = lambda _: (next(answers), {}, "")
    flaky = step(f"{shop.url}/flaky", retry={"count": 3, "interval": 1})
    result = service.run(multi(flaky))
    assert result["status"] == "passed"
    (shown,) = result["steps"]
    assert (shown["retry_count"], shown["status"]) == (2, "passed")
    assert [one["status"] for one in shown["retries"]] == ["failed", "failed"]
    assert len(shop.requests) == 3


def test_a_variable_of_a_later_step_is_missed_before_anything_is_sent(
    shop: Target, service: Service
) -> None:
    wanted = extracted("http_body", "json_path", "$[0].code")
    result = service.run(
        multi(
            step(f"{shop.url}/apply"),
            step(f"{shop.url}/apply?c={{{{ CODE }}}}"),
            step(f"{shop.url}/discount", extractedValues=[wanted]),
        )
    )
    assert result["failure"]["code"] == "INVALID_TEST"
    assert "config.steps[1]: variable CODE has no value" in result["failure"]["message"]
    assert shop.requests == []


def test_an_unusable_request_ends_the_test_without_a_verdict(
    shop: Target, service: Service
) -> None:
    unusable = step("nowhere", allowFailure=True)
    result = service.run(multi(unusable, step(f"{shop.url}/apply")))
    assert (result["status"], result["inconclusive"]) == ("failed", True)
    assert result["failure"]["code"] == "INVALID_REQUEST"
    assert statuses(result) == ["failed", "skipped"]


def test_a_url_substitution_holds_for_every_step(shop: Target, service: Service) -> None:
    steps = [step("http://shop.example/discount"), step("http://shop.example/apply")]
    result = service.run(multi(*steps), startUrlSubstitutionRegex=f"http://shop.example|{shop.url}")
    assert result["status"] == "passed", result["failure"]


GET = {"method": "GET", "url": "http://127.0.0.1:9"}


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"subtype": "smtp"}, "steps of type smtp"),
    ({"subtype": "multi"}, "steps of type multi"),
    ({"request": None}, "request must be an object"),
    ({"request": {**GET, "files": [{}]}}, "config.request.files"),
    ({"assertions": [{"type": "javascript", "code": "1"}]}, "asserts nothing"),
    ({"assertions": ["x"]}, "assertions must be a list of objects"),
    ({"extractedValuesFromScript": 1}, "extractedValuesFromScript: the code must be"),
    ({"subtype": "ssl", "extractedValuesFromScript": "1"}, "in a step of type ssl"),
    ({"subtype": "ssl", "assertions": [{"type": "javascript"}]}, "type 'javascript'"),
    ({"novelty": 1}, "novelty"),
    ({"allowFailure": "yes"}, "allowFailure must be"),
    ({"retry": {"count": 1000}}, "retry.count"),
    ({"name": None}, "name and subtype"),
    ({"subtype": "wait", "value": 181}, "seconds from 0 to 180"),
    ({"subtype": "wait", "value": "soon"}, "value must be seconds"),
    ({"subtype": "wait", "value": 1, "assertions": [OK]}, "assertions is not supported"),
    ({"subtype": "playSubTest", "subtestPublicId": "non-exi-ste"}, "sub-test non-exi-ste"),
    ({"extractedValues": ["x"]}, "extractedValues must be"),
    ({"extractedValues": [extracted("grpc_message", "raw")]}, "'grpc_message'"),
    ({"extractedValues": [extracted("http_header", "raw")]}, "field must name"),
    ({"extractedValues": [extracted("http_body", "css", "a")]}, "parser type 'css'"),
    ({"extractedValues": [extracted("http_body", "regex")]}, "parser.value"),
    ({"extractedValues": [extracted("http_body", "regex", "(")]}, "'('"),
    ({"extractedValues": [extracted("http_body", "json_path", "$[")]}, "'$['"),
    ({"extractedValues": [extracted("http_body", "x_path", "//[")]}, "'//['"),
    ({"extractedValues": [extracted("http_body", "raw", secure="no")]}, "secure must be"),
    ({"extractedValues": [{"type": "http_body"}]}, "parser must be an object"),
]


@pytest.mark.parametrize(("part", "named"), REFUSED, ids=[named for _, named in REFUSED])
def test_what_is_not_supported_is_refused_before_anything_is_sent(
    shop: Target, service: Service, part: dict[str, Any], named: str
) -> None:
    flawed = {**step(f"{shop.url}/apply"), **part}
    if part.get("subtype") in {"wait", "playSubTest"}:
        flawed = {"name": "x", **part}
    result = service.run(multi(step(f"{shop.url}/apply"), flawed))
    assert (result["status"], result["inconclusive"]) == ("failed", True)
    assert result["failure"]["code"] == "INVALID_TEST"
    assert "config.steps[1]" in result["failure"]["message"]
    assert named in result["failure"]["message"]
    assert shop.requests == []


@pytest.mark.parametrize(
    ("definition", "overrides", "named"),
    [
        (multi(), {}, "no step holds an assertion"),
        (multi(tail(0)), {}, "no step holds an assertion"),
        (multi(step("http://a"), variablesFromScript=1), {}, "config.variablesFromScript"),
        (multi(step("http://a")), {"startUrl": "http://b"}, "config.request is not supported"),
    ],
)
def test_a_test_that_is_not_supported_is_refused(
    service: Service, definition: dict[str, Any], overrides: dict[str, Any], named: str
) -> None:
    result = service.run(definition, **overrides)
    assert result["failure"]["code"] == "INVALID_TEST"
    assert named in result["failure"]["message"]


def test_a_steps_own_setting_wins(shop: Target, service: Service) -> None:
    shop.answer("/moved", status=302, headers={"Location": "/apply"})
    moved = {"type": "statusCode", "operator": "is", "target": 302}
    definition = multi(
        step(f"{shop.url}/moved"),
        step(f"{shop.url}/moved", moved, request={"follow_redirects": False}),
    )
    assert service.run(definition, followRedirects=True)["status"] == "passed"
