"""What an account has beside tests: global variables, locations, suites; and whose keys are right.

Datadog's own client is the judge of the answers where it has the call.
"""

from __future__ import annotations

import json
import re
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from datadog_api_client import ApiClient, Configuration
from datadog_api_client.v1.api.authentication_api import AuthenticationApi
from datadog_api_client.v1.api.synthetics_api import SyntheticsApi
from datadog_api_client.v2.api.synthetics_api import SyntheticsApi as SyntheticsApiV2

from pytest_storedog_gate.local_synthetics.api.admission import Keys
from pytest_storedog_gate.local_synthetics.made_by_api.submitted import EditError
from pytest_storedog_gate.local_synthetics.made_by_api.variables import AccountVariables
from pytest_storedog_gate.local_synthetics.variables.global_variables import GlobalVariable
from pytest_storedog_gate.local_synthetics.variables.totp import Totp
from tests.local_synthetics.made_by_api.terraform import V1, V2, Provider
from tests.local_synthetics.processes import running
from tests.local_synthetics.support import DEADLINE, Handler, Json, Target, http_test, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECRET = "hunter22-hunter22"
OTP_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
CAP = f"{V2}/settings/on_demand_concurrency_cap"
MEMBER, IN_FILE = "mem-ber-one", "sui-tes-one"
GIVEN = {
    "GIVEN_OPEN": GlobalVariable("open-value", secure=False),
    "GIVEN_SECRET": GlobalVariable(SECRET),
}


@pytest.fixture
def account() -> Iterator[Provider]:
    """A service with one test, one suite of a file and two variables given at its start."""
    suite = {"type": "suites", "id": IN_FILE, "attributes": {"name": "s", "tests": []}}
    test = {**http_test("http://127.0.0.1:1/"), "public_id": MEMBER, "locations": ["lab:one"]}
    with serving(test, suites=[{"data": suite}], known_globals=GIVEN) as service:
        yield Provider(service)


def judged(provider: Provider) -> ApiClient:
    configuration = Configuration(host=provider.url)  # type: ignore[no-untyped-call]
    configuration.api_key = {"apiKeyAuth": "a", "appKeyAuth": "b"}
    return ApiClient(configuration)


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


def test_whose_keys_are_right() -> None:
    with serving(keys=Keys("key-a", "key-b")) as service:
        provider = Provider(service)
        for headers, status in (
            ({"DD-API-KEY": "key-a"}, 200),
            ({"DD-API-KEY": "other"}, 403),
            ({}, 403),
        ):
            service.headers = headers
            assert provider.call("GET", "/api/v1/validate").status_code == status
            assert provider.call("GET", f"{V1}/variables").status_code == 403
        service.headers = {"DD-API-KEY": "key-a", "DD-APPLICATION-KEY": "key-b"}
        assert provider.ask("GET", "/api/v2/validate_keys") == {"status": "ok"}
    with serving() as open_to_all, judged(Provider(open_to_all)) as client:
        api: Any = AuthenticationApi(client)  # type: ignore[no-untyped-call]
        assert api.validate().valid is True


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
        ({"value": {"value": "0"}, "is_totp": True}, "global variable API_TOKEN: the TOTP secret"),
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


LOCATION: Json = {"name": "Office, Berlin", "description": "", "tags": ["a:b"], "metadata": {}}


def test_locations_are_names_whoever_gave_them(account: Provider) -> None:
    with judged(account) as client:
        api: Any = SyntheticsApi(client)  # type: ignore[no-untyped-call]
        made = api.create_private_location(LOCATION).private_location
        assert made.id.startswith("pl:office-berlin-")
        ids = {one.id for one in api.list_locations().locations}
        assert {"aws:eu-central-1", "lab:one", made.id} <= ids
        edited = api.update_private_location(made.id, {**LOCATION, "name": "Attic"})
        assert (edited.id, edited.name) == (made.id, "Attic")
        assert api.get_private_location(made.id).name == "Attic"
        api.delete_private_location(made.id)
        assert made.id not in {one.id for one in api.list_locations().locations}
    for method, body in (("GET", None), ("PUT", LOCATION), ("DELETE", None)):
        answer = account.call(method, f"{V1}/private-locations/{made.id}", body)
        assert answer.status_code == 404
    refused = account.call("POST", f"{V1}/private-locations", {**LOCATION, "name": ""})
    assert refused.json() == {"errors": ["name must have minLength 1"]}


def new_suite(*tests: str, name: str = "Shop") -> Json:
    attributes = {
        "name": name,
        "message": "",
        "options": {"alerting_threshold": 0.5},
        "tags": ["a:b"],
        "tests": [{"public_id": one, "alerting_criticality": "critical"} for one in tests],
        "type": "suite",
    }
    return {"data": {"type": "suites", "attributes": attributes}}


def test_a_suite_is_made_run_changed_and_taken_away(account: Provider) -> None:
    with judged(account) as client:
        api: Any = SyntheticsApiV2(client)  # type: ignore[no-untyped-call]
        suite = api.create_synthetics_suite(new_suite(MEMBER)).data
        assert [one.public_id for one in suite.attributes.tests] == [MEMBER]
        batch = account.service.final(account.service.trigger({"public_id": suite.id}))
        assert [one["test_public_id"] for one in batch["results"]] == [MEMBER]
        held = account.call("POST", f"{V1}/tests/delete", {"public_ids": [MEMBER]})
        assert held.json() == {"errors": [f"suite {suite.id} has {MEMBER}"]}
        edited = api.edit_synthetics_suite(suite.id, new_suite(name="Other")).data.attributes
        assert (edited.name, list(edited.tests)) == ("Other", [])
        assert api.get_synthetics_suite(suite.id).data.attributes.name == "Other"
        assert account.service.post({"tests": [{"public_id": suite.id}]}).status_code == 400
        (gone,) = api.delete_synthetics_suites(to_delete(suite.id)).data
        assert gone.id == suite.id
    assert account.call("GET", f"{V2}/suites/{suite.id}").status_code == 404


def to_delete(*public_ids: str) -> Json:
    attributes = {"public_ids": list(public_ids)}
    return {"data": {"type": "delete_suites_request", "attributes": attributes}}


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "reason"),
    [
        ("POST", "", new_suite("zzz-zzz-zzz"), 400, "the service has no test zzz-zzz-zzz"),
        ("POST", "", {"data": {"type": "suites"}}, 400, "data.attributes is missing"),
        ("POST", "", {"data": {"type": "x", "attributes": {}}}, 400, "data.type must be suites"),
        ("PUT", "/zzz-zzz-zzz", new_suite(), 404, "Suite not found"),
        ("PUT", f"/{IN_FILE}", new_suite(), 400, f"suite {IN_FILE} is defined in a file"),
        ("POST", "/bulk-delete", to_delete(IN_FILE), 400, "is defined in a file"),
        ("POST", "/bulk-delete", to_delete("zzz-zzz-zzz"), 404, "Suite not found"),
        ("POST", "/bulk-delete", to_delete(), 400, "public_ids must have minItems 1"),
    ],
)
def test_a_suite_that_is_wrong_is_refused(  # noqa: PLR0917  # what a call is made of
    account: Provider, method: str, path: str, body: Json, status: int, reason: str
) -> None:
    answer = account.call(method, f"{V2}/suites{path}", body)
    assert answer.status_code == status
    assert reason in answer.json()["errors"][0]


def test_as_many_checks_run_at_once_as_the_cap_says(account: Provider, target: Target) -> None:
    held, most, now = threading.Event(), [0], threading.Semaphore(0)
    running: set[int] = set()

    def answer(handler: Handler) -> tuple[int, dict[str, str], str]:
        running.add(id(handler))
        most[0] = max(most[0], len(running))
        now.release()
        held.wait(DEADLINE)
        running.discard(id(handler))
        return 200, {}, ""

    target.routes["/held"] = answer
    with judged(account) as client:
        api: Any = SyntheticsApiV2(client)  # type: ignore[no-untyped-call]
        api.set_on_demand_concurrency_cap({"on_demand_concurrency_cap": 2})
        assert api.get_on_demand_concurrency_cap().data.attributes.on_demand_concurrency_cap == 2
    assert account.ask("GET", f"{V1}/settings") == {"onDemandConcurrencyCap": 2}
    tests = [{"local_test_definition": http_test(f"{target.url}/held")} for _ in range(4)]
    batch = account.service.trigger(*tests)
    for _ in range(2):
        assert now.acquire(timeout=DEADLINE)
    held.set()
    assert account.service.final(batch)["status"] == "passed"
    assert most == [2]
    refused = account.call("POST", CAP, {"on_demand_concurrency_cap": 0})
    assert refused.json() == {"errors": ["on_demand_concurrency_cap must have minimum 1"]}


def test_what_is_no_part_of_synthetics_is_named(account: Provider) -> None:
    answer = account.call("POST", "/api/v1/monitor", {"name": "m"})
    assert (answer.status_code, answer.json()["errors"][0].split(":")[0]) == (
        404,
        "this service has no /api/v1/monitor",
    )
    mobile = account.call("POST", f"{V1}/tests/mobile", {"type": "mobile", "name": "m"})
    assert mobile.json() == {"errors": ["type 'mobile' is not supported here: api, browser are"]}
