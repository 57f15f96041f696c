"""The client's calls and what it makes of answers that are not what they should be."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.datadog.client import Keys, SyntheticsClient
from pytest_storedog_gate.datadog.endpoint import Endpoint
from pytest_storedog_gate.errors import NoVerdict
from tests.datadog.fake import Answer

if TYPE_CHECKING:
    from tests.datadog.conftest import SimulatedTime
    from tests.datadog.fake import FakeDatadog


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


def test_redirect_takes_no_key_along(client: SyntheticsClient, datadog: FakeDatadog) -> None:
    away = Answer(status=302, headers={"Location": datadog.url + "/elsewhere"})
    datadog.script["/tests/aaa-aaa-aaa"] = [away]
    with pytest.raises(NoVerdict, match="answered 302"):
        client.check("aaa-aaa-aaa")
    assert len(datadog.asked) == 1


def test_lone_surrogate_cannot_get_into_a_report(
    client: SyntheticsClient, datadog: FakeDatadog
) -> None:
    datadog.script["/tests/aaa-aaa-aaa"] = [
        Answer('{"public_id": "aaa-aaa-aaa", "name": "a\\ud800b", "type": "api"}')
    ]
    check = client.check("aaa-aaa-aaa")
    assert check is not None
    assert check.name == "a?b"


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


@pytest.mark.parametrize("status", [401, 403])
def test_refusal_names_call_and_remedy(
    client: SyntheticsClient, datadog: FakeDatadog, status: int
) -> None:
    datadog.script["/tests/aaa-aaa-aaa"] = [Answer({"errors": ["Forbidden"]}, status)]
    with pytest.raises(NoVerdict, match=r"refused GET .*Forbidden.*application key") as caught:
        client.check("aaa-aaa-aaa")
    assert "key-value" not in str(caught.value)


def test_unknown_check_is_none(client: SyntheticsClient) -> None:
    assert client.check("aaa-aaa-aaa") is None


@pytest.mark.parametrize(
    ("route", "body"),
    [
        ("/ci/batch/b", "<html>"),
        ("/ci/batch/b", []),
        ("/ci/batch/b", {"data": {}}),
        ("/ci/batch/b", {"data": {"status": "passed", "results": None}}),
    ],
)
def test_answer_that_is_not_what_it_should_be(
    client: SyntheticsClient, datadog: FakeDatadog, route: str, body: object
) -> None:
    datadog.script[route] = [Answer(body)]
    with pytest.raises(NoVerdict):
        client.batch("b")


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
    assert client.details(["9"]) == {}
    assert datadog.asked[0].query == "result_ids=%5B%229%22%5D"
