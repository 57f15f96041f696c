"""The client's calls and what it makes of answers that are not what they should be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.datadog.client import Endpoint, Keys
from pytest_storedog_gate.errors import NoVerdict
from tests.datadog.fake import Answer

if TYPE_CHECKING:
    from pytest_storedog_gate.datadog.client import SyntheticsClient
    from tests.datadog.fake import FakeDatadog


@pytest.mark.parametrize(
    ("site", "intake", "app"),
    [
        ("datadoghq.com", "https://intake.synthetics.datadoghq.com", "https://app.datadoghq.com"),
        ("datadoghq.eu", "https://api.datadoghq.eu", "https://app.datadoghq.eu"),
        ("us5.datadoghq.com", "https://api.us5.datadoghq.com", "https://us5.datadoghq.com"),
    ],
)
def test_hosts_of_a_site(site: str, intake: str, app: str) -> None:
    endpoint = Endpoint.of_site(site)
    assert (endpoint.api, endpoint.intake, endpoint.app) == (f"https://api.{site}", intake, app)


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
        "options": {"batch_timeout": 1500},
    }
    assert asked.headers["DD-API-KEY"] == "api-key-value"
    assert asked.headers["DD-APPLICATION-KEY"] == "app-key-value"
    assert asked.headers["User-Agent"].startswith("pytest-storedog-gate/")


@pytest.mark.parametrize("answer", [Answer(status=0), Answer(status=502), Answer(status=429)])
def test_trigger_that_may_have_been_accepted_is_not_repeated(
    client: SyntheticsClient, datadog: FakeDatadog, answer: Answer
) -> None:
    datadog.script["/trigger/ci"] = [answer]
    with pytest.raises(NoVerdict):
        client.trigger([{"public_id": "aaa-aaa-aaa"}], batch_timeout=1)
    assert datadog.count("/trigger/ci") == 1


def test_reading_is_repeated(client: SyntheticsClient, datadog: FakeDatadog) -> None:
    good = Answer({"data": {"status": "passed", "results": []}})
    datadog.script["/ci/batch/b"] = [Answer(status=503), Answer(status=0), good]
    assert client.batch("b")["status"] == "passed"
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
    with pytest.raises(NoVerdict, match="started no batch"):
        client.trigger([{"public_id": "aaa-aaa-aaa"}], batch_timeout=1)


def test_result_without_an_end_is_not_there_yet(
    client: SyntheticsClient, datadog: FakeDatadog
) -> None:
    datum = {"type": "result", "id": "9", "attributes": {"result": {"id": "9"}}}
    datadog.script["/poll_results"] = [Answer({"data": [datum]})]
    assert client.results(["9"]) == {}
    assert datadog.asked[0].query == "result_ids=%5B%229%22%5D"
