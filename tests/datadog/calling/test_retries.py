"""Whether a call is repeated, and after how long."""

from __future__ import annotations

from email.utils import formatdate
from types import SimpleNamespace

import pytest
import requests
from requests.structures import CaseInsensitiveDict
from urllib3.exceptions import (
    ConnectTimeoutError,
    MaxRetryError,
    NewConnectionError,
    ProtocolError,
    ProxyError,
    ReadTimeoutError,
)

from pytest_storedog_gate.datadog.calling import retries
from pytest_storedog_gate.datadog.calling.bounded_exchange import Answer, Unreadable
from pytest_storedog_gate.datadog.calling.retries import LIMIT, pause, was_not_sent

NOW = 1_800_000_000  # a Unix time


def answered(status: int, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, "", CaseInsensitiveDict(named), b"")


@pytest.mark.parametrize(
    ("attempt", "status", "least", "most"),
    [
        (0, 503, 0.5, 0.75),
        (1, 503, 1, 1.5),
        (2, 503, 2, 3),
        (0, 429, 1, 1.5),
        (1, 429, 2, 3),
    ],
)
def test_pauses_grow_and_differ(attempt: int, status: int, least: float, most: float) -> None:
    pauses = [pause(attempt, "GET", answered(status), None) for _ in range(50)]
    assert all(p is not None and least <= p <= most for p in pauses)
    assert len(set(pauses)) > 1


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry_After": "3"}, 3),
        ({"Retry_After": formatdate(NOW + 60, usegmt=True)}, 60),
        ({"X_RateLimit_Reset": "4"}, 4),
        ({"X_RateLimit_Reset": str(NOW + 20)}, 20),
        ({"X_RateLimit_Reset": "86400"}, 120),
        ({"Retry_After": "never", "X_RateLimit_Reset": "2"}, 2),
        ({"X_RateLimit_Reset": "nan"}, 1),
    ],
)
def test_server_says_when(
    monkeypatch: pytest.MonkeyPatch, headers: dict[str, str], seconds: float
) -> None:
    monkeypatch.setattr(retries, "time", SimpleNamespace(time=lambda: NOW))
    found = pause(0, "POST", answered(429, **headers), None)
    assert found is not None
    # The jitter is half of the usual pause at most.
    assert seconds <= found <= seconds + 0.5


def test_limit() -> None:
    assert pause(LIMIT, "GET", answered(503), None) is None


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (answered(200), Unreadable("<html>")),
        (None, Unreadable("a body that breaks off")),
    ],
    ids=["html", "cut-off"],
)
def test_who_is_patient_waits_half_a_minute_at_most_and_never_gives_up(
    answer: Answer | None, fault: requests.RequestException | None
) -> None:
    found = pause(10**6, "GET", answer, fault, spent=10**6, patient=True)
    assert found is not None
    assert 30 <= found <= 45


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (answered(503), None),
        (None, requests.ConnectionError("aborted")),
        (None, requests.Timeout()),
    ],
    ids=["503", "lost", "late"],
)
def test_who_is_patient_asks_a_service_that_is_down_as_often_as_others(
    answer: Answer | None, fault: requests.RequestException | None
) -> None:
    assert pause(LIMIT - 1, "GET", answer, fault, patient=True) is not None
    assert pause(LIMIT, "GET", answer, fault, patient=True) is None


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_limit_on_calls_is_waited_for_half_a_minute_at_least(method: str) -> None:
    pauses = [pause(attempt, method, answered(429), None) for attempt in range(6)]
    assert sum(seconds or 0 for seconds in pauses) >= 30
    assert pauses[-1] is None


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_limit_that_tells_its_end_is_waited_for_as_long_as_half_an_hour(method: str) -> None:
    """Where hundreds of runs share a limit, most are refused again and again before their turn."""
    told = answered(429, X_RateLimit_Reset="40")
    for attempt in (5, 20, 10**6):
        seconds = pause(attempt, method, told, None, spent=1700)
        assert seconds is not None
        assert 40 <= seconds <= 55
    assert pause(6, method, told, None, spent=1790) is None


@pytest.mark.parametrize("status", [400, 401, 403])
def test_who_is_patient_takes_a_refusal(status: int) -> None:
    assert pause(0, "GET", answered(status), None, patient=True) is None


def test_who_is_patient_asks_again_for_what_is_not_there_yet_as_often_as_others() -> None:
    assert pause(LIMIT - 1, "GET", answered(404), None, again=(404,), patient=True) is not None
    assert pause(LIMIT, "GET", answered(404), None, again=(404,), patient=True) is None


@pytest.mark.parametrize(("spent", "again"), [(0, True), (30, True), (59.9, False), (61, False)])
def test_what_cannot_be_read_is_asked_again_for_a_minute(spent: float, again: bool) -> None:
    found = pause(LIMIT, "GET", answered(200), Unreadable("<html>"), spent=spent)
    assert (found is not None) is again


def test_trigger_whose_answer_cannot_be_read_is_never_repeated() -> None:
    for patient in (True, False):
        assert pause(0, "POST", answered(200), Unreadable("<html>"), patient=patient) is None


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_may_have_arrived_is_repeated_only_for_reading(method: str) -> None:
    lost = requests.ConnectionError("aborted")
    for answer, fault in ((answered(502), None), (None, lost), (None, requests.ReadTimeout())):
        assert (pause(0, method, answer, fault) is not None) is (method == "GET")
    refused = requests.ConnectionError(NewConnectionError(None, "refused"))  # type: ignore[arg-type]
    assert pause(0, method, None, refused) is not None


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_refusals_are_final_unless_asked_for_again(status: int) -> None:
    assert pause(0, "GET", answered(status), None) is None
    assert pause(0, "GET", answered(status), None, again=(status,)) is not None


def test_certificate_that_cannot_be_trusted_is_final() -> None:
    assert pause(0, "GET", None, requests.exceptions.SSLError("self-signed")) is None


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry_After": "86400"}, 120),
        ({"Retry_After": formatdate(NOW - 60, usegmt=True)}, 0),
        ({"Retry_After": "3", "X_RateLimit_Reset": "90"}, 3),
        ({"X_RateLimit_Reset": "-5"}, 0),
        ({"X_RateLimit_Reset": "inf"}, 120),
        ({"Retry_After": "Mon, 01 Jan 99999999999999999999 00:00:00 GMT"}, 1),
    ],
    ids=["capped", "past", "both", "negative", "infinite", "beyond-time"],
)
def test_word_of_the_server_is_believed_within_reason(
    monkeypatch: pytest.MonkeyPatch, headers: dict[str, str], seconds: float
) -> None:
    monkeypatch.setattr(retries, "time", SimpleNamespace(time=lambda: NOW))
    found = pause(0, "GET", answered(429, **headers), None)
    assert found is not None
    assert seconds <= found <= seconds + 0.5


def wrapped(reason: Exception) -> requests.ConnectionError:
    """As requests hands it on: in urllib3's own error."""
    return requests.ConnectionError(MaxRetryError(None, "/", reason))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "fault",
    [
        wrapped(NewConnectionError(None, "refused")),  # type: ignore[arg-type]
        wrapped(ConnectTimeoutError("late")),
        wrapped(ProxyError("refused", OSError())),
    ],
    ids=["refused", "no-answer", "proxy"],
)
def test_trigger_is_repeated_where_there_was_no_connection(fault: requests.ConnectionError) -> None:
    assert pause(0, "POST", None, fault) is not None
    assert was_not_sent(fault)


@pytest.mark.parametrize(
    "fault",
    [
        requests.ConnectionError(ProtocolError("Connection aborted.", ConnectionResetError())),
        wrapped(ReadTimeoutError(None, "/", "late")),  # type: ignore[arg-type]
        requests.exceptions.ChunkedEncodingError("cut off"),
        requests.ConnectionError(),
    ],
    ids=["reset", "late", "cut-off", "unknown"],
)
def test_trigger_that_may_have_arrived_is_never_repeated(fault: requests.RequestException) -> None:
    assert pause(0, "POST", None, fault) is None
    assert not was_not_sent(fault)
    assert pause(0, "GET", None, fault) is not None
