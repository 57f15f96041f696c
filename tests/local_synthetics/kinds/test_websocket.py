"""WebSocket API tests against a real server."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.local_synthetics.servers.certificates import Certificates
from tests.local_synthetics.servers.ports import refusing_port, silent_port
from tests.local_synthetics.servers.websocket import WebsocketServer, websocket_server
from tests.local_synthetics.support.network_tests import failure, network_test, that, valid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.local_synthetics.support.service import Json, Service, Target


@pytest.fixture(scope="module")
def server() -> Iterator[WebsocketServer]:
    with websocket_server() as running:
        yield running


WOOF = that("receivedMessage", "is", "woof")


def websocket_test(at: Any, /, *assertions: Json, **more: Any) -> Json:
    """At a server's root, or at a URL."""
    url = at if isinstance(at, str) else f"ws://127.0.0.1:{at.port}/"
    options, config = more.pop("options", None), more.pop("config", None)
    request = {"url": url, "message": "woof", **more}
    return network_test("websocket", request, *assertions, options=options, config=config)


def at_path(server: WebsocketServer, path: str) -> str:
    return f"ws://127.0.0.1:{server.port}{path}"


def test_a_passing_check_says_what_it_did(server: WebsocketServer, service: Service) -> None:
    result = service.run(websocket_test(f"ws://localhost:{server.port}/", WOOF))
    assert result["status"] == "passed"
    assert (result["sent_message"], result["received_message"]) == ("woof", "woof")
    assert result["response"] == {"message": "woof", "is_message_truncated": False}
    assert result["handshake"]["response"]["status_code"] == 101
    assert result["handshake"]["response"]["headers"]["X-Dog"] == "beagle"
    assert result["timings"].keys() == {"dns", "tcp", "handshake", "firstByte", "total"}
    assert result["resolved_ip"] == "127.0.0.1"


@pytest.mark.parametrize("operator", ["isUndefined", "doesNotExist"])
def test_a_header_may_have_to_be_absent(
    server: WebsocketServer, service: Service, operator: str
) -> None:
    wanted = [that("header", operator, property=name) for name in ("x-cat", "x-dog")]
    wanted.append(that("header", "isNot", "x", property="x-cat"))
    assert valid(service, websocket_test(server, *wanted)) == [True, False, False]


def test_a_header_that_comes_twice_is_seen_whole(server: WebsocketServer, service: Service) -> None:
    wanted = (
        that("header", "is", "bad, good", property="x-twice"),
        that("header", "doesNotContain", "bad", property="x-twice"),
    )
    assert valid(service, websocket_test(server, *wanted)) == [True, False]


def test_the_request_is_sent_as_defined(server: WebsocketServer, service: Service) -> None:
    definition = websocket_test(
        server,
        WOOF,
        message=base64.b64encode(b"woof").decode(),
        isMessageBase64Encoded=True,
        headers={"X-Env": "{{ ENV }}"},
        basicAuth={"type": "web", "username": "dog", "password": "hunter22"},
    )
    assert service.run(definition, variables={"ENV": "staging"})["status"] == "passed"
    assert server.received[-1] == b"woof"
    token = base64.b64encode(b"dog:hunter22").decode()
    assert server.asked[-1]["authorization"] == f"Basic {token}"
    assert server.asked[-1]["x-env"] == "staging"


def test_without_a_message_nothing_is_waited_for(server: WebsocketServer, service: Service) -> None:
    header = that("header", "is", "beagle", property="X-Dog")
    assert valid(service, websocket_test(server, header, message="")) == [True]
    greeting = that("receivedMessage", "is", "welcome")
    url = at_path(server, "/greeting")
    assert valid(service, websocket_test(url, greeting, message="")) == [True]


def test_what_goes_wrong_has_a_code(server: WebsocketServer, service: Service) -> None:
    def code(path: str, **more: Any) -> tuple[str, str]:
        return failure(service, websocket_test(at_path(server, path), WOOF, **more))

    assert code("/", message="silence", timeout=0.3)[0] == "TIMEOUT"
    forbidden = code("/forbidden")
    assert (forbidden[0], "403" in forbidden[1]) == ("WEBSOCKET", True)
    closed = code("/close")
    assert (closed[0], "1011" in closed[1]) == ("WEBSOCKET", True)
    assert code("/drop")[0] == "CONNRESET"
    assert code("/huge")[0] == "BODY_TOO_LARGE"
    assert code("/", headers={"X": "a\r\nb"})[0] == "INVALID_CHAR_IN_HEADER"


def test_no_websocket_there(service: Service, target: Target) -> None:
    refused = websocket_test(f"ws://127.0.0.1:{refusing_port()}/", WOOF)
    assert failure(service, refused)[0] == "CONNREFUSED"
    assert failure(service, websocket_test("ws://nowhere.invalid/", WOOF))[0] == "DNS"
    code, message = failure(service, websocket_test(target.url.replace("http", "ws"), WOOF))
    assert (code, "200" in message) == ("WEBSOCKET", True)
    with silent_port() as port:
        silent = websocket_test(f"ws://127.0.0.1:{port}/", WOOF, timeout=0.2)
        assert failure(service, silent)[0] == "TIMEOUT"


def test_tls_is_verified(tmp_path: Any, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    certificates = Certificates(tmp_path)
    with websocket_server(certificates.good) as server:
        url = f"wss://localhost:{server.port}/"
        code, message = failure(service, websocket_test(url, WOOF))
        assert (code, "UNABLE_TO" in message or "SELF_SIGNED" in message) == ("SSL", True)
        insecure = websocket_test(url, WOOF, options={"allow_insecure": True})
        assert valid(service, insecure) == [True]
        monkeypatch.setenv("SSL_CERT_FILE", str(certificates.authority))
        assert valid(service, websocket_test(url, WOOF)) == [True]


def test_secrets_are_masked(server: WebsocketServer, service: Service) -> None:
    definition = websocket_test(
        f"ws://user:urlsecret@127.0.0.1:{server.port}/",
        that("receivedMessage", "is", "x"),
        that("header", "is", "x", property="set-cookie"),
        message="x" * 49_995 + "{{ T }}",
        headers={"Cookie": "a=cookie-value"},
        basicAuth={"username": "dog", "password": "hunter22"},
        config={
            "configVariables": [
                {"name": "T", "type": "text", "pattern": "hushhush", "secure": True}
            ]
        },
    )
    result = service.run(definition)
    assert result["failure"]["code"] == "INCORRECT_ASSERTION"
    text = json.dumps(result)
    for secret in ("hush", "hunter22", "cookie-value", "s3cr3t-cookie", "urlsecret"):
        assert secret not in text
    assert result["response"]["is_message_truncated"] is True


@pytest.mark.parametrize("url", ["http://127.0.0.1/", "ws://", "shop", "ws://127.0.0.1:99999/"])
def test_a_url_that_is_none(service: Service, url: str) -> None:
    assert failure(service, websocket_test(url, WOOF))[0] == "INVALID_REQUEST"


@pytest.mark.parametrize(
    ("part", "named"),
    [
        ({"url": ""}, "config.request.url"),
        ({"message": 5}, "config.request.message"),
        ({"message": "!", "isMessageBase64Encoded": True}, "Base64"),
        ({"isMessageBase64Encoded": "yes"}, "config.request.isMessageBase64Encoded"),
        ({"headers": {"A": 1}}, "config.request.headers"),
        ({"basicAuth": {"type": "digest", "username": "a"}}, "'digest'"),
        ({"timeout": -1}, "config.request.timeout"),
        ({"proxy": {"url": "http://127.0.0.1"}}, "config.request.proxy"),
        ({"config": {"assertions": []}}, "config.assertions is empty"),
        ({"config": {"assertions": [that("statusCode", "is", 101)]}}, "'statusCode'"),
        ({"config": {"assertions": [that("receivedMessage", "lessThan", 1)]}}, "'lessThan'"),
        ({"config": {"assertions": [that("header", "is", "x")]}}, "property"),
    ],
)
def test_what_is_not_supported_is_refused_by_name(service: Service, part: Json, named: str) -> None:
    code, message = failure(service, websocket_test("ws://127.0.0.1:1/", WOOF, **part))
    assert code == "INVALID_TEST"
    assert named in message
