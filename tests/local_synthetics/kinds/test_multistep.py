"""Multistep API tests: their flow, what they extract, what they refuse."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from pytest_storedog_gate.datadog.details import details_from_json
from pytest_storedog_gate.local_synthetics.javascript.scripts import Scripts
from pytest_storedog_gate.local_synthetics.kinds.multistep.check import MultistepCheck
from pytest_storedog_gate.local_synthetics.kinds.protocol import Outcome
from tests.local_synthetics.support import Answer, Handler, Service, Target, http_test, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

OK = {"type": "statusCode", "operator": "is", "target": 200}
_numbers = itertools.count(1)


def step(url: str, *assertions: Any, request: Any = None, **flow: Any) -> dict[str, Any]:
    return {
        "id": f"s{next(_numbers)}",
        "subtype": "http",
        "name": f"GET {url.rpartition('/')[2] or 'root'}",
        "request": {"method": "GET", "url": url, **(request or {})},
        "assertions": list(assertions) or [OK],
        **flow,
    }


def multi(*steps: dict[str, Any], **config: Any) -> dict[str, Any]:
    definition = http_test("unused")
    return {**definition, "subtype": "multi", "config": {"steps": list(steps), **config}}


def extracted(kind: str, parser: str, rule: str | None = None, **more: Any) -> dict[str, Any]:
    value = {"type": parser} if rule is None else {"type": parser, "value": rule}
    return {"name": "CODE", "type": kind, "parser": value, **more}


def statuses(result: dict[str, Any]) -> list[str]:
    return [one["status"] for one in result["steps"]]


@pytest.fixture
def shop(target: Target) -> Target:
    target.answer_json("/discount", [{"code": "BFRIDAY"}, {"code": "OFF"}])
    target.answer("/down", status=503)
    target.answer("/apply")
    return target


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


def tail(seconds: float) -> dict[str, Any]:
    return {"subtype": "wait", "name": "Wait", "value": seconds}


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


@pytest.mark.parametrize(
    ("wanted", "value"),
    [
        (extracted("http_body", "json_path", "$[*].code"), "BFRIDAY"),
        (extracted("http_body", "regex", r'"code": ?"(O\w+)"'), "OFF"),
        (extracted("http_body", "regex", "BFRI"), "BFRI"),
        (extracted("http_body", "regex", r"(?<id>\d{16})"), "9007199254740993"),
        (extracted("http_body", "json_path", "$[(@.length-1)].id"), "9007199254740993"),
        (extracted("http_body", "json_path", "$.length"), "2"),
        (extracted("http_header", "raw", field="X-Trace"), "abc=1"),
        (extracted("http_header", "regex", "=(.*)", field="x-trace"), "1"),
        (extracted("http_status_code", "raw"), "200"),
    ],
)
def test_a_value_is_extracted_for_later_steps(
    target: Target, service: Service, wanted: dict[str, Any], value: str
) -> None:
    body = json.dumps([{"code": "BFRIDAY"}, {"code": "OFF", "id": 2**53 + 1}])
    target.answer("/discount", body=body, headers={"X-Trace": "abc=1"})
    first = step(f"{target.url}/discount", extractedValues=[wanted])
    second = step(target.url, request={"headers": {"X-Code": "{{ CODE }}"}})
    result = service.run(multi(first, second))
    assert result["status"] == "passed", result["failure"]
    assert target.requests[1]["headers"]["x-code"] == value
    assert result["steps"][0]["variables"]["extracted"] == [
        {"name": "CODE", "secure": False, "val": value}
    ]


def test_a_value_is_extracted_from_xml(target: Target, service: Service) -> None:
    target.answer("/", body="<shop><code>OFF</code></shop>")
    first = step(target.url, extractedValues=[extracted("http_body", "x_path", "//code")])
    second = step(target.url, {"type": "body", "operator": "contains", "target": "{{ CODE }}"})
    result = service.run(multi(first, second))
    assert result["steps"][1]["assertions"][0]["target"] == "OFF"
    assert result["status"] == "passed"


def test_a_secure_value_is_never_shown(target: Target, service: Service) -> None:
    def echo(handler: Handler) -> Answer:
        return 200, {}, f"you sent {handler.path}"

    target.answer_json("/login", {"token": "s3cr3t/value", "pad": "x" * 60_000})
    target.routes["/echo"] = echo
    wanted = extracted("http_body", "json_path", "$.token", secure=True)
    first = step(
        f"{target.url}/login",
        OK,
        {"type": "body", "operator": "contains", "target": "value"},
        extractedValues=[wanted],
    )
    result = service.run(multi(first, step(f"{target.url}/echo?t={{{{ CODE }}}}")))
    assert result["status"] == "passed"
    assert "s3cr3t/value" in target.requests[1]["path"]
    text = json.dumps(result)
    assert "s3cr3t" not in text
    assert result["steps"][0]["variables"]["extracted"][0]["val"] == "********"


def test_a_value_that_is_not_there_fails_its_step(shop: Target, service: Service) -> None:
    wanted = extracted("http_body", "json_path", "$[*].voucher")
    first = step(f"{shop.url}/discount", extractedValues=[wanted])
    result = service.run(multi(first, step(f"{shop.url}/apply")))
    assert (result["status"], result["inconclusive"]) == ("failed", False)
    assert "CODE: '$[*].voucher' selects nothing" in result["failure"]["message"]
    assert statuses(result) == ["failed", "skipped"]


def test_a_lost_value_fails_the_step_that_needs_it(shop: Target, service: Service) -> None:
    wanted = extracted("http_body", "json_path", "$.code")
    first = step(f"{shop.url}/down", allowFailure=True, extractedValues=[wanted])
    result = service.run(multi(first, step(f"{shop.url}/apply?c={{{{ CODE }}}}")))
    assert (result["status"], result["inconclusive"]) == ("failed", False)
    assert "variable CODE has no value: the answer is not JSON" in result["failure"]["message"]
    assert len(shop.requests) == 1


@pytest.mark.parametrize("second", ["/apply", "/gone"])
def test_an_old_value_is_not_used_for_a_lost_one(
    shop: Target, service: Service, second: str
) -> None:
    def close(_: Handler) -> Answer:
        return 0, {}, ""

    shop.routes["/gone"] = close
    wanted = [extracted("http_body", "json_path", "$[0].code")]
    result = service.run(
        multi(
            step(f"{shop.url}/discount", extractedValues=wanted),
            step(f"{shop.url}{second}", extractedValues=wanted, allowFailure=True),
            step(f"{shop.url}/apply?c={{{{ CODE }}}}"),
        )
    )
    assert statuses(result) == ["passed", "failed", "failed"]
    assert len(shop.requests) == 2


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


class Mute:
    """A kind that forgets to give its answer."""

    extractable = frozenset({"http_body"})

    def unsupported(self, _definition: object) -> list[str]:
        return []

    async def run(self, _run: object, _variables: object) -> Outcome:
        return Outcome(None)


def no_browser() -> NoReturn:
    """Nothing here runs a script."""
    raise AssertionError


def test_a_kind_that_gives_no_values_is_no_pass() -> None:
    kinds: dict[tuple[str, str], Any] = {("api", "http"): Mute()}
    kinds["api", "multi"] = MultistepCheck(kinds, {}, Scripts(no_browser))
    with serving(kinds=kinds) as service:
        one = step("http://a", extractedValues=[extracted("http_body", "raw")])
        result = service.run(multi(one))
    assert (result["status"], result["failure"]["code"]) == ("failed", "INTERNAL_ERROR")


def test_a_url_substitution_holds_for_every_step(shop: Target, service: Service) -> None:
    steps = [step("http://shop.example/discount"), step("http://shop.example/apply")]
    result = service.run(multi(*steps), startUrlSubstitutionRegex=f"http://shop.example|{shop.url}")
    assert result["status"] == "passed", result["failure"]


PLAYED = http_test("{{ BASE }}/apply?from={{ WHO }}")
PLAYED["config"]["configVariables"] = [{"name": "WHO", "type": "text", "pattern": "sub"}]
DEEP = [multi() for _ in range(3)]
NAMED = multi(
    step("{{ BASE }}/discount", extractedValues=[extracted("http_body", "json_path", "$[1].code")]),
    tail(0),
)


def sub_test(definition: dict[str, Any], **flow: Any) -> dict[str, Any]:
    return {
        "id": "sub",
        "subtype": "playSubTest",
        "name": "Sub-test",
        "subtestPublicId": definition["public_id"],
        **flow,
    }


for outer, inner in itertools.pairwise(DEEP):
    outer["config"]["steps"] = [sub_test(inner)]
DEEP[-1]["config"]["steps"] = [sub_test(PLAYED)]


@pytest.fixture(scope="module")
def library() -> Iterator[Service]:
    with serving(PLAYED, NAMED, *DEEP) as service:
        yield service


def test_a_sub_test_is_played_with_its_own_variables(shop: Target, library: Service) -> None:
    result = library.run(multi(sub_test(PLAYED)), variables={"BASE": shop.url})
    assert result["status"] == "passed", result["failure"]
    (shown,) = result["steps"]
    assert shown["sub_test"] == {"id": PLAYED["public_id"]}
    assert shown["response"]["status_code"] == 200
    assert shop.requests[0]["path"] == "/apply?from=sub"


def test_a_variable_of_the_parent_wins(shop: Target, library: Service) -> None:
    own = [{"name": "WHO", "type": "text", "pattern": "parent"}]
    definition = multi(sub_test(PLAYED), configVariables=own)
    assert library.run(definition, variables={"BASE": shop.url})["status"] == "passed"
    assert shop.requests[0]["path"] == "/apply?from=parent"


def test_the_steps_of_a_sub_test_are_told_and_their_values_kept(
    shop: Target, library: Service
) -> None:
    definition = multi(sub_test(NAMED), step(f"{shop.url}/apply?c={{{{ CODE }}}}"))
    result = library.run(definition, variables={"BASE": shop.url})
    assert result["status"] == "passed", result["failure"]
    assert shop.requests[1]["path"] == "/apply?c=OFF"
    assert [one["subtype"] for one in result["steps"]] == ["playSubTest", "http", "wait", "http"]
    assert result["steps"][1]["sub_step"] == {
        "level": 1,
        "parent_test": {"id": definition["public_id"]},
        "parent_step": {"id": "sub"},
    }


def test_a_secret_that_a_later_step_finds_is_not_in_an_earlier_failure(
    target: Target, service: Service
) -> None:
    target.answer("/", body="the code is 1234-woof")
    lacks = {"type": "body", "operator": "is", "target": "no code"}
    secret = extracted("http_body", "regex", r"is (\S+)", secure=True)
    result = service.run(
        multi(
            step(target.url, lacks, allowFailure=True, isCritical=True),
            step(target.url, extractedValues=[secret]),
        )
    )
    assert result["failure"]["code"] == "INCORRECT_ASSERTION"
    assert "1234-woof" not in json.dumps(result)


def test_a_failed_sub_test_fails_the_test(shop: Target, library: Service) -> None:
    shop.answer("/discount", status=500)
    after = sub_test(PLAYED, alwaysExecute=True)
    definition = multi(sub_test(NAMED), step(f"{shop.url}/apply"), after)
    result = library.run(definition, variables={"BASE": shop.url})
    assert result["status"] == "failed"
    assert statuses(result) == ["failed", "failed", "skipped", "skipped", "passed"]


def test_a_failed_sub_test_proves_nothing(shop: Target) -> None:
    proving = multi(step(f"{shop.url}/apply"), step(f"{shop.url}/down"))
    with serving(proving) as service:
        result = service.run(multi(sub_test(proving, allowFailure=True)))
    assert statuses(result) == ["failed", "passed", "failed"]
    assert "nothing was proved" in result["failure"]["message"]


def test_sub_tests_nest_two_levels(shop: Target, library: Service) -> None:
    given = {"BASE": shop.url}
    result = library.run(multi(sub_test(DEEP[2])), variables=given)
    assert result["status"] == "passed"
    assert [one.get("sub_step", {}).get("level") for one in result["steps"]] == [None, 1]
    result = library.run(multi(sub_test(DEEP[0])), variables=given)
    assert "nest deeper than 2 levels" in result["failure"]["message"]


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
