"""How a call is made: repeated, bounded, refused, and never with a secret in its error."""

from __future__ import annotations

import re
import socket
import traceback
from typing import TYPE_CHECKING, Any

import pytest
import requests

from pytest_storedog_gate.datadog.calling import bounded_exchange
from pytest_storedog_gate.datadog.calling.endpoint import Endpoint
from pytest_storedog_gate.datadog.calling.keys import Keys
from pytest_storedog_gate.datadog.client import SyntheticsClient
from pytest_storedog_gate.errors import ConfigurationError, NoVerdict
from tests.datadog.fake import Answer

if TYPE_CHECKING:
    from tests.datadog.conftest import SimulatedTime
    from tests.datadog.fake import FakeDatadog
from tests.datadog.calls import CALLS, CHECK, ID, STARTED, every_call


def everything_said(error: BaseException) -> str:
    """The error as a traceback prints it, with the errors that it came from."""
    return "".join(traceback.format_exception(error))


def test_keys_do_not_show() -> None:
    assert "secret" not in repr(Keys("secret-a", "secret-b"))


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


def test_reading_is_repeated(client: SyntheticsClient, datadog: FakeDatadog) -> None:
    good = Answer({"data": {"status": "passed", "results": []}})
    datadog.script["/ci/batch/b"] = [Answer(status=503), Answer(status=0), good]
    assert client.batch("b").status == "passed"
    assert datadog.count("/ci/batch/b") == 3


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
    said: list[str] = []
    client.say = said.append
    client.trigger([{"public_id": ID}], batch_timeout=1)
    assert 40 <= time.now <= 42.5
    (line,) = said
    assert "answered 429 to POST" in line
    assert re.search("; asking again in 4[012] s$", line)


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
    if call == "suites" and answer.status in (400, 403):
        assert ask(client) is None  # there is no list: who is asked for a suite itself tells why
        client.close()
        return
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


def test_proxy_of_the_environment_is_not_for_this_machine(
    client: SyntheticsClient, datadog: FakeDatadog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    datadog.script = {f"/tests/{ID}": [Answer(CHECK)], "/trigger/ci": [Answer(STARTED)]}
    assert client.check(ID) is not None
    assert client.trigger([{"public_id": ID}], batch_timeout=1).batch_id == "b-1"


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
    monkeypatch.setattr(bounded_exchange, "LARGEST", 2**20)
    datadog.script["/ci/batch/b"] = [Answer('{"new": "' + "x" * 2**20 + '"}')]
    client.deadline = 60
    with pytest.raises(NoVerdict, match="more than 1 MB, which is too much to read"):
        client.batch("b")
    assert client.calls == 1
