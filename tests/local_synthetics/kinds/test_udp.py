"""UDP API tests against a real server."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.local_synthetics.servers.echo import udp_echo
from tests.local_synthetics.servers.ports import refusing_port
from tests.local_synthetics.support.network_tests import failure, network_test, that

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.local_synthetics.support.service import Json, Service


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with udp_echo() as answering:
        yield answering


WOOF = that("receivedMessage", "is", "woof")


def udp_test(port: Any, *assertions: Json, **more: Any) -> Json:
    config = more.pop("config", None)
    request = {"host": "127.0.0.1", "port": port, "message": "woof", **more}
    return network_test("udp", request, *assertions, config=config)


def test_a_passing_check_says_what_it_did(port: int, service: Service) -> None:
    result = service.run(udp_test(str(port), WOOF, host="localhost"))
    assert result["status"] == "passed"
    assert (result["sent_message"], result["received_message"]) == ("woof", "woof")
    assert result["response"] == {"message": "woof", "is_message_truncated": False}
    assert result["timings"].keys() == {"dns", "firstByte", "total"}
    assert result["resolved_ip"] == "127.0.0.1"


def test_no_answer_is_a_failure(port: int, service: Service) -> None:
    slow = udp_test(port, that("responseTime", "moreThan", 0), message="silence", timeout=0.2)
    assert failure(service, slow)[0] == "TIMEOUT"
    assert failure(service, udp_test(refusing_port(), WOOF))[0] == "CONNREFUSED"
    assert failure(service, udp_test(1, WOOF, host="nowhere.invalid"))[0] == "DNS"
    assert failure(service, udp_test(port, WOOF, message="x" * 65_508))[0] == "INVALID_REQUEST"


def test_secrets_are_masked_and_long_answers_cut(port: int, service: Service) -> None:
    variables = [{"name": "T", "type": "text", "pattern": "hushhush", "secure": True}]
    config = {"configVariables": variables}
    message = "{{ T }}" + "x" * 60_000
    result = service.run(udp_test(port, WOOF, message=message, config=config))
    assert result["failure"]["code"] == "INCORRECT_ASSERTION"
    assert "hush" not in json.dumps(result)
    assert result["response"]["is_message_truncated"] is True
    assert len(result["received_message"]) <= 50_000
    assert len(result["failure"]["message"]) < 2000


@pytest.mark.parametrize(
    ("part", "named"),
    [
        ({"host": 5}, "config.request.host"),
        ({"port": ""}, "config.request.port"),
        ({"message": 5}, "config.request.message"),
        ({"timeout": 3601}, "config.request.timeout"),
        ({"isMessageBase64Encoded": True}, "config.request.isMessageBase64Encoded"),
        ({"config": {"assertions": []}}, "config.assertions is empty"),
        ({"config": {"assertions": [that("body", "is", "x")]}}, "'body'"),
        ({"config": {"assertions": [that("receivedMessage", "lessThan", 1)]}}, "'lessThan'"),
        ({"config": {"variablesFromScript": "x"}}, "config.variablesFromScript"),
    ],
)
def test_what_is_not_supported_is_refused_by_name(service: Service, part: Json, named: str) -> None:
    code, message = failure(service, udp_test(**{"port": 1, **part}))
    assert code == "INVALID_TEST"
    assert named in message
