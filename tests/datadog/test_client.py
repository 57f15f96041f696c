"""The client's calls and what it makes of answers that are not what they should be."""

from __future__ import annotations

import json
import threading
import time as wall
from email.utils import formatdate
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest

from pytest_storedog_gate.datadog.calling import bounded_exchange, caller
from pytest_storedog_gate.datadog.calling.clock import Clock
from pytest_storedog_gate.datadog.calling.endpoint import Endpoint
from pytest_storedog_gate.datadog.client import SyntheticsClient
from pytest_storedog_gate.errors import NoVerdict
from tests.datadog.fake import Answer

if TYPE_CHECKING:
    from tests.datadog.fake import FakeDatadog
from tests.datadog.calls import (
    BATCH,
    CALLS,
    CHECK,
    DETAILS,
    ID,
    SEARCH,
    STARTED,
    SUITE,
    SUITES,
    every_call,
)


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


def test_number_beyond_all_numbers(client: SyntheticsClient, datadog: FakeDatadog) -> None:
    datadog.script["/tests/search"] = [Answer('{"tests": [], "total": 1e999}')]
    with pytest.raises(NoVerdict, match="something else than a search"):
        client.search("tag:shop")


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


@pytest.mark.parametrize(
    ("answer", "known"),
    [
        (Answer(SUITES), {"sui-tea-bcd"}),
        (Answer({"data": {"attributes": {"suites": [], "total": 0}}}), set()),
        (Answer({"data": {"attributes": {"suites": [], "total": 1}}}), None),
        (Answer(status=404), None),
    ],
)
def test_suites_are_known_only_where_all_of_them_are_listed(
    client: SyntheticsClient, datadog: FakeDatadog, answer: Answer, known: set[str] | None
) -> None:
    datadog.script["/suites/search"] = [answer]
    assert client.suites() == known


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
    answer = bounded_exchange.Answer(200, "OK", headers, body)
    monkeypatch.setattr(caller, "exchange", lambda *_, **__: answer)
    found = client.trigger([{"public_id": ID}], batch_timeout=1).at
    assert found == pytest.approx(now + off if believed else now, abs=30)


def test_a_run_that_ends_waits_for_no_answer(datadog: FakeDatadog) -> None:
    """A look may be kept for want of news."""
    ended, answered = threading.Event(), threading.Event()

    def kept() -> Answer:
        ended.set()
        answered.wait(20)
        return Answer({})

    datadog.dynamic["/ci/batch/b"] = kept
    client = SyntheticsClient(Endpoint.of_url(datadog.url), None, Clock(ended.wait))
    began = wall.monotonic()
    with pytest.raises(NoVerdict, match="the run ended before"):
        client.batch("b")
    assert wall.monotonic() - began < 10
    answered.set()
    client.close()
