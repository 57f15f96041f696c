"""The client's calls and what it makes of answers that are not what they should be."""

from __future__ import annotations

import json
import socket
import time as wall
import traceback
from email.utils import formatdate
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest
import requests

from pytest_storedog_gate.datadog import client as client_module
from pytest_storedog_gate.datadog import exchange
from pytest_storedog_gate.datadog.client import Keys, SyntheticsClient
from pytest_storedog_gate.datadog.endpoint import Endpoint
from pytest_storedog_gate.errors import ConfigurationError, NoVerdict
from tests.datadog.fake import Answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.datadog.conftest import SimulatedTime
    from tests.datadog.fake import FakeDatadog


ID = "aaa-aaa-aaa"
CHECK = {"public_id": ID, "name": "a", "type": "api", "subtype": "http"}
SEARCH = {"tests": [CHECK], "total": 1}
SUITE = {"data": {"type": "suites", "id": "s", "attributes": {"name": "S", "tests": [CHECK]}}}
BATCH = {"data": {"status": "passed", "results": [{"test_public_id": ID, "status": "passed"}]}}
STARTED = {"batch_id": "b-1", "locations": [{"name": "aws:x"}]}
DETAILS = {"data": [{"id": "9", "attributes": {"result": {"finished_at": 1}}}]}

CALLS: dict[str, tuple[str, Any, Callable[[SyntheticsClient], object]]] = {
    "check": (f"/tests/{ID}", CHECK, lambda client: client.check(ID)),
    "search": ("/tests/search", SEARCH, lambda client: client.search("tag:shop")),
    "suite": ("/suites/s", SUITE, lambda client: client.suite("s")),
    "trigger": (
        "/trigger/ci",
        STARTED,
        lambda client: client.trigger([{"public_id": ID}], batch_timeout=1),
    ),
    "batch": ("/ci/batch/b", BATCH, lambda client: client.batch("b")),
    "details": ("/poll_results", DETAILS, lambda client: client.details(["9"])),
}
every_call = pytest.mark.parametrize("call", list(CALLS))


def with_unknown_fields(value: Any) -> Any:
    """The same with one more field in every object."""
    if isinstance(value, dict):
        return {key: with_unknown_fields(item) for key, item in value.items()} | {"new": ["?"]}
    return [with_unknown_fields(item) for item in value] if isinstance(value, list) else value


def without(value: Any, name: str) -> Any:
    """The same without the fields of that name."""
    if isinstance(value, dict):
        return {key: without(item, name) for key, item in value.items() if key != name}
    return [without(item, name) for item in value] if isinstance(value, list) else value


def everything_said(error: BaseException) -> str:
    """The error as a traceback prints it, with the errors that it came from."""
    return "".join(traceback.format_exception(error))


def test_keys_do_not_show() -> None:
    assert "secret" not in repr(Keys("secret-a", "secret-b"))


def test_trigger_sends_one_batch_with_keys_and_timeout_in_milliseconds(
    client: SyntheticsClient, datadog: FakeDatadog
) -> None:
    location = {"id": 1, "name": "aws:x", "display_name": "X (AWS)"}
    datadog.script["/trigger/ci"] = [Answer({"batch_id": "b-1", "locations": [location]})]
    triggered = client.trigger([{"public_id": "aaa-aaa-aaa"}], batch_timeout=1.5)
    assert (triggered.batch_id, triggered.locations) == ("b-1", {"aws:x": "X (AWS)"})
    (asked,) = datadog.asked
    assert asked.body == {
        "tests": [{"public_id": "aaa-aaa-aaa"}],
        "options": {"batch_timeout": 1500, "selective_rerun": False},
    }
    assert asked.headers["DD-API-KEY"] == "api-key-value"
    assert asked.headers["DD-APPLICATION-KEY"] == "app-key-value"
    assert asked.headers["User-Agent"].startswith("pytest-storedog-gate/")
    assert asked.headers["X-Trigger-App"] == "pytest_storedog_gate"


@pytest.mark.parametrize("answer", [Answer(status=0), Answer(status=502)])
def test_trigger_that_may_have_been_accepted_is_not_repeated(
    client: SyntheticsClient, datadog: FakeDatadog, answer: Answer
) -> None:
    datadog.script["/trigger/ci"] = [answer]
    with pytest.raises(NoVerdict):
        client.trigger([{"public_id": "aaa-aaa-aaa"}], batch_timeout=1)
    assert datadog.count("/trigger/ci") == 1


def test_trigger_that_was_surely_not_accepted_is_repeated(
    client: SyntheticsClient, datadog: FakeDatadog, time: SimulatedTime
) -> None:
    limited = Answer(status=429, headers={"Retry-After": "7"})
    datadog.script["/trigger/ci"] = [limited, Answer({"batch_id": "b-1"})]
    assert client.trigger([{"public_id": "aaa-aaa-aaa"}], batch_timeout=1).batch_id == "b-1"
    assert 7 <= time.now <= 7 + 2.5


def test_refused_connection_is_tried_again_within_the_deadline(time: SimulatedTime) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
    client = SyntheticsClient(Endpoint.of_url(url), None, time.clock)
    with pytest.raises(NoVerdict, match="cannot be reached") as caught:
        client.trigger([{"public_id": "aaa-aaa-aaa"}], batch_timeout=1)
    client.close()
    assert client.calls == 4
    assert "may have been accepted" not in str(caught.value)


def test_deadline_bounds_all_waiting(
    client: SyntheticsClient, datadog: FakeDatadog, time: SimulatedTime
) -> None:
    client.deadline = 3
    datadog.script["/ci/batch/b"] = [Answer(status=429, headers={"Retry-After": "5"})]
    with pytest.raises(NoVerdict, match="answered 429"):
        client.batch("b")
    assert time.now == 0
    time.now = 3
    with pytest.raises(NoVerdict, match="time of this run is over"):
        client.batch("b")


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (Answer({"tests": [], "total": 0}), "finds nothing"),
        (Answer({"tests": [{"public_id": "a", "name": "a", "type": "api"}], "total": 2}), "narrow"),
    ],
)
def test_empty_or_cut_off_search_selects_nothing(
    client: SyntheticsClient, datadog: FakeDatadog, answer: Answer, sentence: str
) -> None:
    datadog.script["/tests/search"] = [answer]
    with pytest.raises(NoVerdict, match=sentence):
        client.search("tag:shop")


def test_result_id_stays_a_string(client: SyntheticsClient, datadog: FakeDatadog) -> None:
    number = 9_007_199_254_740_993  # 2**53 + 1, which a float cannot hold
    results = [{"test_public_id": "a", "status": "passed", "result_id": str(number)}]
    datadog.script["/ci/batch/b"] = [Answer({"data": {"status": "passed", "results": results}})]
    assert client.batch("b").entries[0].result_id == str(number)


def test_reading_is_repeated(client: SyntheticsClient, datadog: FakeDatadog) -> None:
    good = Answer({"data": {"status": "passed", "results": []}})
    datadog.script["/ci/batch/b"] = [Answer(status=503), Answer(status=0), good]
    assert client.batch("b").status == "passed"
    assert datadog.count("/ci/batch/b") == 3


def test_unknown_check_is_none(client: SyntheticsClient) -> None:
    assert client.check("aaa-aaa-aaa") is None


def test_trigger_without_batch_is_no_verdict(
    client: SyntheticsClient, datadog: FakeDatadog
) -> None:
    datadog.script["/trigger/ci"] = [Answer({"batch_id": None})]
    with pytest.raises(NoVerdict, match="something else than a started batch"):
        client.trigger([{"public_id": "aaa-aaa-aaa"}], batch_timeout=1)


def test_result_without_an_end_is_not_there_yet(
    client: SyntheticsClient, datadog: FakeDatadog
) -> None:
    datum = {"type": "result", "id": "9", "attributes": {"result": {"id": "9"}}}
    datadog.script["/poll_results"] = [Answer({"data": [datum]})]
    assert not client.details(["9"])["9"].ended
    assert datadog.asked[0].query == "result_ids=%5B%229%22%5D"


@every_call
def test_unknown_fields_are_tolerated(
    client: SyntheticsClient, datadog: FakeDatadog, call: str
) -> None:
    route, body, ask = CALLS[call]
    datadog.script[route] = [Answer(body), Answer(with_unknown_fields(body))]
    first = ask(client)
    # The details hold all that was said.
    assert ask(client) == first or call == "details"


@pytest.mark.parametrize(
    ("call", "name"),
    [
        ("check", "public_id"),
        ("search", "tests"),
        ("search", "public_id"),
        ("suite", "attributes"),
        ("suite", "public_id"),
        ("trigger", "batch_id"),
        ("batch", "data"),
        ("batch", "status"),
        ("batch", "results"),
        ("details", "data"),
    ],
)
def test_field_that_a_verdict_depends_on_must_be_there(
    client: SyntheticsClient, datadog: FakeDatadog, call: str, name: str
) -> None:
    route, body, ask = CALLS[call]
    datadog.script[route] = [Answer(without(body, name))]
    with pytest.raises(NoVerdict, match="something else than") as caught:
        ask(client)
    assert "\n" not in str(caught.value)


@every_call
@pytest.mark.parametrize(
    "body",
    [
        "",
        "<html>502</html>",
        "[]",
        "null",
        '"text"',
        '{"data": ',
        b'{"name": "\xff"}',
        '{"data":' + "[" * 100_000,
        '{"new":' + "[" * 600 + '"\\ud800"' + "]" * 600 + "}",
        '{"new":' + "[" * 5000 + '"\\ud800"' + "]" * 5000 + "}",
    ],
    ids=[
        *("empty", "html", "list", "null", "text", "cut", "no-utf8", "deep"),
        *("surrogate-at-600", "surrogate-at-5000"),
    ],
)
def test_body_that_is_no_object(
    client: SyntheticsClient, datadog: FakeDatadog, call: str, body: object
) -> None:
    route, _, ask = CALLS[call]
    datadog.script[route] = [Answer(body)]
    with pytest.raises(NoVerdict, match="something else than"):
        ask(client)


def test_number_beyond_all_numbers(client: SyntheticsClient, datadog: FakeDatadog) -> None:
    datadog.script["/tests/search"] = [Answer('{"tests": [], "total": 1e999}')]
    with pytest.raises(NoVerdict, match="something else than a search"):
        client.search("tag:shop")


def test_answer_that_breaks_off_is_asked_for_again(
    client: SyntheticsClient, datadog: FakeDatadog
) -> None:
    cut_off = Answer(CHECK, headers={"Content-Length": "9999"})
    datadog.script[f"/tests/{ID}"] = [cut_off, Answer(CHECK)]
    assert client.check(ID) is not None
    assert client.calls == 2


@every_call
def test_every_call_is_counted_and_carries_keys(
    client: SyntheticsClient, datadog: FakeDatadog, call: str
) -> None:
    route, body, ask = CALLS[call]
    datadog.script[route] = [Answer(body)]
    ask(client)
    ask(client)
    assert client.calls == len(datadog.asked) == 2
    for asked in datadog.asked:
        assert asked.headers["DD-API-KEY"] == "api-key-value"
        assert asked.headers["DD-APPLICATION-KEY"] == "app-key-value"
        assert asked.headers["User-Agent"].startswith("pytest-storedog-gate/")
        assert ("X-Trigger-App" in asked.headers) is (call == "trigger")


def test_trigger_goes_to_the_intake_and_all_else_to_the_api(
    datadog: FakeDatadog, time: SimulatedTime
) -> None:
    endpoint = Endpoint(f"{datadog.url}/api-host", f"{datadog.url}/intake-host", "", "site x")
    client = SyntheticsClient(endpoint, Keys("a", "b"), time.clock)
    for route, body, ask in CALLS.values():
        datadog.script[route] = [Answer(body)]
        ask(client)
    client.close()
    paths = [asked.path for asked in datadog.asked]
    triggers = [path for path in paths if path.startswith("/intake-host/")]
    assert triggers == ["/intake-host/api/v1/synthetics/tests/trigger/ci"]
    assert sum(path.startswith("/api-host/api/") for path in paths) == len(CALLS) - 1


def test_search_asks_for_whole_definitions_and_one_more_than_can_be_run(
    client: SyntheticsClient, datadog: FakeDatadog
) -> None:
    datadog.script["/tests/search"] = [Answer(SEARCH)]
    (check,) = client.search('tag:"team:shop" name:ä&b')
    assert (check.public_id, check.type) == (ID, "http")
    assert parse_qs(datadog.asked[0].query) == {
        "text": ['tag:"team:shop" name:ä&b'],
        "count": ["1001"],
        "include_full_config": ["true"],
    }


def test_suite_keeps_the_order_of_its_tests_and_has_each_once(
    client: SyntheticsClient, datadog: FakeDatadog
) -> None:
    tests = [{"public_id": public_id} for public_id in ("c", "a", "c", "b")]
    attributes = {"name": "The shop", "tests": tests}
    datadog.script["/suites/s"] = [Answer({"data": {"attributes": attributes}})]
    suite = client.suite("s")
    assert suite is not None
    assert (suite.name, suite.tests) == ("The shop", ("c", "a", "b"))
    assert client.suite("unknown") is None


@pytest.mark.parametrize(("status", "there"), [(200, True), (204, True), (404, False)])
def test_version_of_a_check(
    client: SyntheticsClient, datadog: FakeDatadog, status: int, there: bool
) -> None:
    datadog.script["/version_history/3"] = [Answer(status=status)]
    assert client.has_version(ID, 3) is there
    assert datadog.asked[0].query == "only_check_existence=true"


def test_metadata_of_ci_goes_with_the_trigger(
    client: SyntheticsClient, datadog: FakeDatadog
) -> None:
    datadog.script["/trigger/ci"] = [Answer(STARTED)]
    client.trigger([{"public_id": ID}], batch_timeout=1, metadata={"git": {"branch": "main"}})
    assert datadog.asked[0].body["metadata"] == {"git": {"branch": "main"}}


def test_repeated_calls_wait_longer_each_time_and_then_give_up(
    client: SyntheticsClient, datadog: FakeDatadog, time: SimulatedTime
) -> None:
    datadog.script[f"/tests/{ID}"] = [Answer(status=503)]
    with pytest.raises(NoVerdict, match="answered 503"):
        client.check(ID)
    assert client.calls == datadog.count(f"/tests/{ID}") == 4
    for wait, usual in zip(time.waits, (0.5, 1, 2), strict=True):
        assert usual <= wait <= usual * 1.5


def test_limit_that_resets_later_is_waited_for(
    client: SyntheticsClient, datadog: FakeDatadog, time: SimulatedTime
) -> None:
    limited = Answer(status=429, headers={"X-RateLimit-Reset": "40"})
    datadog.script["/trigger/ci"] = [limited, Answer(STARTED)]
    client.trigger([{"public_id": ID}], batch_timeout=1)
    assert 40 <= time.now <= 42.5


@pytest.mark.parametrize(
    ("answer", "unsure"),
    [
        (Answer(status=0), True),
        (Answer(status=500), True),
        (Answer(status=429), False),
        (Answer(status=400), False),
    ],
    ids=["lost", "500", "429", "400"],
)
def test_trigger_tells_whether_it_may_have_been_accepted(
    client: SyntheticsClient, datadog: FakeDatadog, answer: Answer, unsure: bool
) -> None:
    datadog.script["/trigger/ci"] = [answer]
    with pytest.raises(NoVerdict) as caught:
        client.trigger([{"public_id": ID}], batch_timeout=1)
    assert ("may have been accepted" in str(caught.value)) is unsure


def test_run_that_is_cancelled_while_a_call_waits_sends_nothing_more(
    client: SyntheticsClient, datadog: FakeDatadog, time: SimulatedTime
) -> None:
    time.cancelled = True
    datadog.script[f"/tests/{ID}"] = [Answer(status=503)]
    with pytest.raises(NoVerdict, match="the run ended before GET"):
        client.check(ID)
    assert client.calls == 1


def test_no_answer_is_waited_for_beyond_the_deadline(
    client: SyntheticsClient, datadog: FakeDatadog, monkeypatch: pytest.MonkeyPatch
) -> None:
    timeouts: list[Any] = []

    def refuse(*_: object, timeout: object, **__: object) -> None:
        timeouts.append(timeout)
        raise requests.ConnectTimeout

    monkeypatch.setattr(requests.Session, "request", refuse)
    for client.deadline in (1000.0, 10.0, 2.0):
        client.calls = 0
        with pytest.raises(NoVerdict):
            client.trigger([{"public_id": ID}], batch_timeout=1)
    assert timeouts == [(5, 30), (5, 10), (2, 2)]


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize(
    ("call", "scope"), [("check", "synthetics_read"), ("trigger", "synthetics_write")]
)
def test_refusal_names_site_call_and_scope(
    datadog: FakeDatadog, time: SimulatedTime, call: str, scope: str, status: int
) -> None:
    endpoint = Endpoint(datadog.url, datadog.url, datadog.url, "site datadoghq.eu")
    client = SyntheticsClient(endpoint, Keys("api-key-value", "app-key-value"), time.clock)
    route, _, ask = CALLS[call]
    datadog.script[route] = [Answer({"errors": ["Forbidden", "no"]}, status)]
    with pytest.raises(NoVerdict) as caught:
        ask(client)
    client.close()
    said = str(caught.value)
    method = "POST" if call == "trigger" else "GET"
    assert said.startswith(f"site datadoghq.eu refused {method} site datadoghq.eu/api/v1/")
    assert f"({status}: Forbidden; no)" in said
    assert said.endswith(f"has the scope {scope}")
    assert client.calls == 1


@every_call
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_is_not_followed(
    client: SyntheticsClient, datadog: FakeDatadog, call: str, status: int
) -> None:
    route, _, ask = CALLS[call]
    away = {"Location": f"{datadog.url}/elsewhere"}
    datadog.script = {
        route: [Answer(status=status, headers=away)],
        "/elsewhere": [Answer(CALLS[call][1])],
    }
    with pytest.raises(NoVerdict, match=f"answered {status}"):
        ask(client)
    assert len(datadog.asked) == 1


@every_call
@pytest.mark.parametrize(
    "answer",
    [
        Answer({"errors": ["the key api-key-value or app-key-value is wrong"]}, 403),
        Answer({"errors": ["api-key-value"]}, 400),
        Answer(status=0),
        Answer("<html>"),
        Answer({"errors": ["no"]}, 418),
    ],
    ids=["refused", "repeated", "lost", "html", "418"],
)
def test_secrets_are_in_no_error(
    datadog: FakeDatadog, time: SimulatedTime, call: str, answer: Answer
) -> None:
    url = datadog.url.replace("//", "//user:pass-word@")
    keys = Keys("api-key-value", "app-key-value")
    client = SyntheticsClient(Endpoint.of_url(url), keys, time.clock)
    route, _, ask = CALLS[call]
    datadog.script[route] = [answer]
    with pytest.raises(NoVerdict) as caught:
        ask(client)
    client.close()
    said = everything_said(caught.value)
    assert "key-value" not in said
    assert "pass-word" not in said


@pytest.mark.parametrize(
    "key", ["secret-value\n", " secret-value", "secret\r\nvalue", "secret-välue", "secret\0value"]
)
@pytest.mark.parametrize("name", ["DD_API_KEY", "DD_APP_KEY"])
def test_key_that_no_header_can_hold_is_refused_without_being_shown(name: str, key: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{name} holds a line break") as caught:
        Keys(*((key, "b") if name == "DD_API_KEY" else ("a", key)))
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('{"errors": ["a\\ud800b"]}', ": a?b"),
        ({"errors": "one text"}, ": one text"),
        ({"errors": []}, ": Bad Request"),
        ({"errors": None}, ": Bad Request"),
        ("<html>", ": Bad Request"),
        ([], ": Bad Request"),
    ],
)
def test_reason_of_an_error_is_what_the_server_says(
    client: SyntheticsClient, datadog: FakeDatadog, body: object, said: str
) -> None:
    datadog.script[f"/tests/{ID}"] = [Answer(body, 400)]
    with pytest.raises(NoVerdict) as caught:
        client.check(ID)
    assert str(caught.value).endswith(said)


def test_lone_surrogates_are_replaced_wherever_they_are(
    client: SyntheticsClient, datadog: FakeDatadog
) -> None:
    result = '{"finished_at": 1, "steps": [{"\\udfff": ["\\ud83d\\ude00", "\\ud800"]}]}'
    datadog.script["/poll_results"] = [
        Answer('{"data": [{"id": "9", "attributes": {"result": ' + result + "}}]}")
    ]
    data = client.details(["9"])["9"].data
    assert data["steps"] == [{"?": ["😀", "?"]}]


@pytest.mark.parametrize("status", [413, 414, 431])
def test_too_many_ids_for_one_url_are_asked_for_in_halves(
    client: SyntheticsClient, datadog: FakeDatadog, status: int
) -> None:
    datadog.script["/poll_results"] = [Answer(status=status), Answer({"data": []}), Answer(DETAILS)]
    assert list(client.details(["7", "8", "9"])) == ["9"]
    asked = [parse_qs(asked.query)["result_ids"][0] for asked in datadog.asked]
    assert asked == ['["7","8","9"]', '["7"]', '["8","9"]']


def test_one_id_that_is_too_long_ends_it(client: SyntheticsClient, datadog: FakeDatadog) -> None:
    datadog.script["/poll_results"] = [Answer(status=414)]
    with pytest.raises(NoVerdict, match="answered 414"):
        client.details(["9"])
    assert client.calls == 1


def test_proxy_of_the_environment_is_not_for_this_machine(
    client: SyntheticsClient, datadog: FakeDatadog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    datadog.script = {f"/tests/{ID}": [Answer(CHECK)], "/trigger/ci": [Answer(STARTED)]}
    assert client.check(ID) is not None
    assert client.trigger([{"public_id": ID}], batch_timeout=1).batch_id == "b-1"


OTHER = "bbb-bbb-bbb"
OTHERS: dict[str, Any] = {
    "check": CHECK | {"public_id": OTHER},
    "suite": {"data": {**SUITE["data"], "id": OTHER}},
    "suite by its attributes": {"data": {"attributes": {"tests": [CHECK], "public_id": OTHER}}},
    "batch": {"data": {**BATCH["data"], "id": "c"}},
    "batch by its public ID": {"data": {**BATCH["data"], "public_id": "c"}},
    "batch by its batch ID": {"data": {**BATCH["data"], "batch_id": "c"}},
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_answers_must_be_what_was_asked_for(
    client: SyntheticsClient, datadog: FakeDatadog, name: str
) -> None:
    call = name.partition(" ")[0]
    route, body, ask = CALLS[call]
    datadog.script[route] = [Answer(OTHERS[name]), Answer(body)]
    assert ask(client) is not None
    assert client.calls == 2
    datadog.script[route] = [Answer(OTHERS[name])]
    with pytest.raises(NoVerdict, match=r"something else than (the|batch b)"):
        ask(client)


def test_details_of_other_results_are_passed_over(
    client: SyntheticsClient, datadog: FakeDatadog
) -> None:
    datadog.script["/poll_results"] = [Answer(DETAILS)]
    assert list(client.details(["8", "9"])) == ["9"]
    assert client.details(["8"]) == {}


@pytest.mark.parametrize("odd", [None, 5, "", [], {}, True], ids=repr)
@pytest.mark.parametrize("call", ["check", "search", "suite"])
def test_id_that_is_none_is_never_triggered(
    client: SyntheticsClient, datadog: FakeDatadog, call: str, odd: object
) -> None:
    route, body, ask = CALLS[call]
    text = json.dumps(body).replace(f'"{ID}"', json.dumps(odd))
    datadog.script[route] = [Answer(text)]
    with pytest.raises(NoVerdict, match="something else than"):
        ask(client)


@pytest.mark.parametrize("odd", [None, 5, "", [], {"a": 1}, True], ids=repr)
def test_name_that_is_none_is_the_id(
    client: SyntheticsClient, datadog: FakeDatadog, odd: object
) -> None:
    datadog.script[f"/tests/{ID}"] = [Answer(CHECK | {"name": odd, "tags": odd, "type": odd})]
    check = client.check(ID)
    assert check is not None
    assert (check.name, check.tags, check.kind) == (ID, (), "")


@pytest.mark.parametrize(
    "odd",
    [
        {"locations": "aws:x"},
        {"locations": ["aws:x", 1]},
        {"options": {"device_ids": {"a": 1}}},
        {"options": ["a"]},
    ],
    ids=repr,
)
def test_places_that_cannot_be_read_are_not_passed_over(
    client: SyntheticsClient, datadog: FakeDatadog, odd: dict[str, Any]
) -> None:
    datadog.script[f"/tests/{ID}"] = [Answer(CHECK | odd)]
    with pytest.raises(NoVerdict, match="something else than"):
        client.check(ID)


def test_id_is_a_part_of_the_path_and_no_more(
    client: SyntheticsClient, datadog: FakeDatadog
) -> None:
    assert client.check("../search?count=1#") is None
    assert datadog.asked[0].path == "/api/v1/synthetics/tests/..%2Fsearch%3Fcount%3D1%23"


@pytest.mark.parametrize("locations", [None, "aws:x", [None, 3, {}, {"name": 3}], {"a": 1}])
def test_batch_has_begun_however_odd_its_locations_are(
    client: SyntheticsClient, datadog: FakeDatadog, locations: object
) -> None:
    datadog.script["/trigger/ci"] = [Answer(STARTED | {"locations": locations})]
    triggered = client.trigger([{"public_id": ID}], batch_timeout=1)
    assert (triggered.batch_id, triggered.locations) == ("b-1", {})


UNREADABLE = {
    "html": (Answer("<html>Sign in", headers={"Content-Type": "text/html"}), "text/html, 13 bytes"),
    "list": (Answer([]), "application/json, 2 bytes that begin with '[]'"),
    "gzip": (Answer(b"no gzip", headers={"Content-Encoding": "gzip"}), "cannot be unpacked"),
    "cut": (Answer("{}", headers={"Content-Length": "9999"}), "a body that breaks off"),
}
reading = pytest.mark.parametrize("call", ["check", "search", "suite", "version"])


@reading
@pytest.mark.parametrize("name", UNREADABLE)
def test_answer_that_cannot_be_read_is_asked_again_for_a_minute(
    client: SyntheticsClient, datadog: FakeDatadog, time: SimulatedTime, call: str, name: str
) -> None:
    bad, said = UNREADABLE[name]
    route, body, ask = CALLS.get(call, ("/version_history/3", {}, lambda c: c.has_version(ID, 3)))
    datadog.script[route] = [*[bad] * 6, Answer(body)]
    assert ask(client)
    assert client.calls == 7
    datadog.script[route] = [bad]
    time.now = 0
    with pytest.raises(NoVerdict, match="something else than") as caught:
        ask(client)
    assert said in str(caught.value)
    assert "api-key-value" not in str(caught.value)
    assert 0.5 * (2**6 - 1) <= time.now <= 60


@reading
def test_deadline_bounds_the_asking_again(
    client: SyntheticsClient, datadog: FakeDatadog, time: SimulatedTime, call: str
) -> None:
    route, _, ask = CALLS.get(call, ("/version_history/3", {}, lambda c: c.has_version(ID, 3)))
    datadog.script[route] = [Answer("<html>")]
    client.deadline = 5
    with pytest.raises(NoVerdict, match="something else than"):
        ask(client)
    assert time.now <= 5


def test_trigger_whose_answer_cannot_be_read_is_not_repeated(
    client: SyntheticsClient, datadog: FakeDatadog
) -> None:
    datadog.script["/trigger/ci"] = [Answer("<html>")]
    with pytest.raises(NoVerdict, match="something else than a started batch"):
        client.trigger([{"public_id": ID}], batch_timeout=1)
    assert client.calls == 1


def test_answer_that_would_fill_the_memory_is_named(
    client: SyntheticsClient, datadog: FakeDatadog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "LARGEST", 2**20)
    datadog.script["/ci/batch/b"] = [Answer('{"new": "' + "x" * 2**20 + '"}')]
    client.deadline = 60
    with pytest.raises(NoVerdict, match="more than 1 MB, which is too much to read"):
        client.batch("b")
    assert client.calls == 1


@pytest.mark.parametrize(
    ("off", "believed"), [(0, True), (-3500, True), (3500, True), (-3700, False), (3700, False)]
)
def test_time_of_the_trigger_is_the_services_where_it_can_be_now(
    client: SyntheticsClient, monkeypatch: pytest.MonkeyPatch, off: int, believed: bool
) -> None:
    """An answer that is repeated tells an old time, after which anything has ended."""
    now = wall.time()
    headers = {"Date": formatdate(now + off, usegmt=True)}
    body = json.dumps(STARTED).encode()
    answer = exchange.Answer(200, "OK", headers, body)
    monkeypatch.setattr(client_module, "exchange", lambda *_, **__: answer)
    found = client.trigger([{"public_id": ID}], batch_timeout=1).at
    assert found == pytest.approx(now + off if believed else now, abs=30)
