"""Values that steps take from answers for later steps."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, cast

import pytest

from pytest_storedog_gate.local_synthetics.javascript.scripts import Scripts
from pytest_storedog_gate.local_synthetics.kinds import Kind
from pytest_storedog_gate.local_synthetics.kinds.multistep import MultistepCheck
from pytest_storedog_gate.local_synthetics.kinds.protocol import Outcome
from tests.local_synthetics.support.multistep_tests import OK, extracted, multi, statuses, step
from tests.local_synthetics.support.service import (
    Answer,
    Handler,
    Service,
    Target,
    serving,
)

if TYPE_CHECKING:
    from pytest_storedog_gate.local_synthetics.kinds import Equipment


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


@pytest.mark.parametrize("declared", [{"secure": True}, {"name": "ACCESS_TOKEN"}])
def test_a_secret_is_hidden_where_it_was_shown_before_it_was_known(
    target: Target, service: Service, declared: dict[str, Any]
) -> None:
    """As plain text, and at the end of what is shown of a text that is too long."""
    target.answer("/one", body="welcome s3cr3t-value", status=500)
    target.answer("/two", body=f"{'x' * 993}s3cr3t-value")
    never = {"type": "body", "operator": "is", "target": "something else"}
    wanted = {**extracted("http_body", "regex", r"\w+-value$"), **declared}
    result = service.run(
        multi(
            step(f"{target.url}/one", never, allowFailure=True),
            step(f"{target.url}/two", never, allowFailure=True),
            step(f"{target.url}/one", extractedValues=[wanted]),
        )
    )
    assert "s3cr3" not in json.dumps(result), json.dumps(result).replace("x" * 900, "")
    shown = [one["assertions"][0]["actual"] for one in result["steps"][:2]]
    assert shown == ["welcome ********", f"{'x' * 993}********…"]


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


class Mute(Kind):
    """A kind that forgets to give its answer."""

    extractable: ClassVar = {"http_body": False}

    def unsupported(self, _definition: object) -> list[str]:
        return []

    async def run(self, _run: object, _variables: object) -> Outcome:
        return Outcome(None)


def no_browser() -> NoReturn:
    """Nothing here runs a script."""
    raise AssertionError


def test_a_kind_that_gives_no_values_is_no_pass() -> None:
    kinds: dict[tuple[str, str], Any] = {("api", "http"): Mute()}
    made_with = SimpleNamespace(kinds=kinds, tests={}, scripts=Scripts(no_browser))
    kinds["api", "multi"] = MultistepCheck(cast("Equipment", made_with))
    with serving(kinds=kinds) as service:
        one = step("http://a", extractedValues=[extracted("http_body", "raw")])
        result = service.run(multi(one))
    assert (result["status"], result["failure"]["code"]) == ("failed", "INTERNAL_ERROR")


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
