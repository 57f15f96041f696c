"""What an account has beside tests: global variables, locations, suites; and whose keys are right.

Datadog's own client is the judge of the answers where it has the call.
"""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Any

import pytest
from datadog_api_client.v1.api.synthetics_api import SyntheticsApi

from pytest_storedog_gate.local_synthetics.account.submitted import EditError
from pytest_storedog_gate.local_synthetics.account.variables import AccountVariables
from pytest_storedog_gate.local_synthetics.variables.totp import Totp
from tests.local_synthetics.account.provided import (
    GIVEN,
    LOCATION,
    MEMBER,
    SECRET,
    judged,
    new_suite,
)
from tests.local_synthetics.account.terraform.provider import V1, V2, Provider
from tests.local_synthetics.support.processes import running
from tests.local_synthetics.support.service import (
    Handler,
    Json,
    Target,
    http_test,
)

if TYPE_CHECKING:
    from pathlib import Path


OTP_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


def new_variable(name: str = "API_TOKEN", **parts: Any) -> Json:
    body: Json = {"name": name, "description": "of the shop", "tags": ["a:b"]}
    return {**body, "value": {"value": SECRET, "secure": True}, **parts}


def uses(target: Target, variable: Json) -> Json:
    """A test that sends a variable's value to `/told`, which tells it."""

    def tell(handler: Handler) -> tuple[int, dict[str, str], str]:
        asked: Json = handler.asked
        return 200, {}, asked["headers"].get("x-value", "")

    target.routes["/told"] = tell
    config = {"configVariables": [{"type": "global", **variable}]}
    name = variable["name"]
    return http_test(f"{target.url}/told", config=config, headers={"X-Value": f"{{{{ {name} }}}}"})


def sent(target: Target) -> str:
    return str(target.requests[-1]["headers"]["x-value"])


def test_datadogs_client_makes_edits_and_deletes_a_variable(account: Provider) -> None:
    with judged(account) as client:
        api: Any = SyntheticsApi(client)  # type: ignore[no-untyped-call]
        made = api.create_global_variable(new_variable(value={"value": "v1", "secure": False}))
        assert (made.name, made.value.value, made.value.secure) == ("API_TOKEN", "v1", False)
        assert api.get_global_variable(made.id).tags == ["a:b"]
        edited = api.edit_global_variable(made.id, new_variable("OTHER_NAME"))
        assert (edited.id, edited.name, edited.value.secure) == (made.id, "OTHER_NAME", True)
        names = {one.name for one in api.list_global_variables().variables}
        assert names == {"OTHER_NAME", *GIVEN}
        api.delete_global_variable(made.id)
        assert account.call("GET", f"{V1}/variables/{made.id}").status_code == 404


def test_a_secure_value_is_used_and_never_answered(account: Provider, target: Target) -> None:
    made = account.ask("POST", f"{V1}/variables", new_variable())
    test = uses(target, {"id": made["id"], "name": "TOKEN_HERE"})
    result = account.service.run(test)
    assert (result["status"], sent(target)) == ("passed", SECRET)
    answers = [
        made,
        result,
        account.ask("GET", f"{V1}/variables"),
        account.ask("GET", f"{V1}/variables/{made['id']}"),
        account.ask("PUT", f"{V1}/variables/{made['id']}", new_variable()),
    ]
    assert SECRET not in json.dumps(answers)
    assert made["value"] == {"secure": True}


def test_a_value_that_an_edit_does_not_send_stays(account: Provider, target: Target) -> None:
    made = account.ask("POST", f"{V1}/variables", new_variable())
    path = f"{V1}/variables/{made['id']}"
    test = uses(target, {"name": "API_TOKEN"})
    kept = new_variable(tags=["c"], value={"secure": True})  # a value_wo that is as it was
    assert account.ask("PUT", path, kept)["tags"] == ["c"]
    del kept["value"]
    account.ask("PUT", path, kept)
    assert account.service.run(test)["status"] == "passed"
    assert sent(target) == SECRET
    public = account.call("PUT", path, new_variable(value={"secure": False}))
    assert (public.status_code, public.json()) == (400, {"errors": ["value.value is missing"]})


def test_a_variable_is_known_by_its_id_and_else_by_its_name(
    account: Provider, target: Target
) -> None:
    open_value = {"value": "by-name", "secure": False}
    account.ask("POST", f"{V1}/variables", new_variable("SHOP_WORD", value=open_value))
    for variable, value in (
        ({"id": "an-id-of-an-account", "name": "SHOP_WORD"}, "by-name"),
        ({"name": "GIVEN_OPEN"}, "open-value"),
    ):
        assert account.service.run(uses(target, variable))["status"] == "passed"
        assert sent(target) == value


def test_what_was_given_at_the_start_wins_and_is_not_edited(
    account: Provider, target: Target
) -> None:
    """So a configuration that says where production is can be run against a shop here."""
    body = new_variable("GIVEN_OPEN", value={"value": "https://shop.example", "secure": False})
    made = account.ask("POST", f"{V1}/variables", body)
    assert made["value"]["value"] == "https://shop.example"
    assert account.service.run(uses(target, {"id": made["id"], "name": "ALIAS"}))
    assert sent(target) == "open-value"

    listed = account.ask("GET", f"{V1}/variables")["variables"]
    assert [one["name"] for one in listed] == ["GIVEN_OPEN", "GIVEN_SECRET"]
    given = listed[1]
    assert account.ask("GET", f"{V1}/variables/{given['id']}") == given
    assert account.service.run(uses(target, {"id": given["id"], "name": "ALIAS"}))
    assert sent(target) == SECRET
    for method, body_sent in (("PUT", new_variable("GIVEN_SECRET")), ("DELETE", None)):
        answer = account.call(method, f"{V1}/variables/{given['id']}", body_sent)
        assert answer.status_code == 400
        assert "STOREDOG_GLOBAL_GIVEN_SECRET" in answer.text


def test_a_code_that_follows_the_time(account: Provider, target: Target) -> None:
    otp = {"digits": 8, "refresh_interval": 60}
    value = {"value": OTP_SECRET, "secure": True, "options": {"totp_parameters": otp}}
    made = account.ask("POST", f"{V1}/variables", new_variable("CODE", value=value, is_totp=True))
    assert made["value"] == {"secure": True, "options": {"totp_parameters": otp}}
    before = time.time()
    account.service.run(uses(target, {"id": made["id"], "name": "CODE"}))
    codes = {Totp(OTP_SECRET, 8, 60).code(at) for at in (before, time.time())}
    assert sent(target) in codes
    bare = account.ask(
        "POST", f"{V1}/variables", new_variable("BARE", value={"value": OTP_SECRET}, is_totp=True)
    )
    assert bare["value"] == {"secure": True}
    account.service.run(uses(target, {"id": bare["id"], "name": "BARE"}))
    assert re.fullmatch("[0-9]{6}", sent(target))


@pytest.mark.parametrize(
    "parts",
    [
        {"is_fido": True},
        {
            "value": {"value": "", "secure": False},
            "parse_test_public_id": MEMBER,
            "parse_test_options": {
                "type": "http_header",
                "field": "content-type",
                "parser": {"type": "regex", "value": ".*"},
            },
        },
    ],
)
def test_what_the_service_cannot_give_is_kept_and_refused_when_a_test_needs_it(
    account: Provider, target: Target, parts: Json
) -> None:
    body = new_variable()
    del body["value"]
    made = account.ask("POST", f"{V1}/variables", {**body, **parts})
    assert parts.items() <= {**made, "value": parts.get("value", made["value"])}.items()
    failure = account.service.run(uses(target, {"id": made["id"], "name": "API_TOKEN"}))["failure"]
    assert failure["code"] == "INVALID_TEST"
    assert "API_TOKEN has no value" in failure["message"]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"name": "lower"}, "name must match ^[A-Z][A-Z0-9_]+[A-Z0-9]$"),
        ({"name": 7}, "name must be a string"),
        ({"tags": None}, "tags must be a list"),
        ({"novelty": SECRET}, "novelty is not known"),
        ({"value": {"value": 7, "secure": True}}, "value.value must be a string"),
        ({"value": {"value": SECRET, "secured": True}}, "value.secured is not known"),
        ({"value": {"secure": True}}, "value.value is missing"),
        *(
            (
                {"value": {"value": "********", "secure": secure}},
                "value.value is ********, which stands for what is not shown: send the value",
            )
            for secure in (True, False)
        ),
        ({"value": {"value": SECRET, "options": {"totp": {}}}}, "value.options.totp is not known"),
        ({"parse_test_public_id": "x"}, "parse_test_public_id must match"),
    ],
)
def test_a_variable_that_is_wrong_is_refused_without_its_value(
    account: Provider, changed: Json, reason: str
) -> None:
    answer = account.call("POST", f"{V1}/variables", new_variable(**changed))
    assert answer.status_code == 400
    assert reason in answer.json()["errors"][0]
    assert SECRET not in answer.text


def test_a_name_stands_for_one_variable() -> None:
    variables = AccountVariables(GIVEN)
    made = variables.create(new_variable())
    with pytest.raises(EditError, match="API_TOKEN is the name of another"):
        variables.create(new_variable())
    variables.edit(made["id"], new_variable())
    assert set(variables) == {"API_TOKEN", *GIVEN}
    assert len(variables) == 3
    assert "NOT_THERE" not in variables


def test_what_was_made_outlasts_the_service_but_for_what_is_secure(tmp_path: Path) -> None:
    database = tmp_path / "kept.db"
    with running("--database", str(database)) as (process, service):
        account = Provider(service)
        secret = account.ask("POST", f"{V1}/variables", new_variable())
        value = {"value": "v", "secure": False}
        public = account.ask("POST", f"{V1}/variables", new_variable("PUBLIC", value=value))
        gone = account.ask("POST", f"{V1}/variables", new_variable("GONE_ONE"))
        account.ask("DELETE", f"{V1}/variables/{gone['id']}")
        location = account.ask("POST", f"{V1}/private-locations", LOCATION)["private_location"]
        suite = account.ask("POST", f"{V2}/suites", new_suite())["data"]["id"]
        process.kill()
        process.wait()
    assert SECRET.encode() not in database.read_bytes()
    with running("--database", str(database)) as (_, service):
        account = Provider(service)
        assert account.ask("GET", f"{V1}/variables")["variables"] == [secret, public]
        assert account.ask("GET", f"{V1}/private-locations/{location['id']}") == location
        assert account.ask("GET", f"{V2}/suites/{suite}")["data"]["attributes"]["name"] == "Shop"
        needs = http_test(
            "http://127.0.0.1:1/{{ API_TOKEN }}",
            config={"configVariables": [{"type": "global", "name": "API_TOKEN"}]},
        )
        failure = service.run(needs)["failure"]
        assert "API_TOKEN has no value" in failure["message"]
