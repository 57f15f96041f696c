"""Requests as Datadog's API keeps them: URLs for hosts, Base64 that is none."""

from __future__ import annotations

import base64
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_storedog_gate.local_synthetics.kinds.websocket import decoded
from tests.local_synthetics.proving.stages import STAGES
from tests.local_synthetics.servers.websocket import websocket_server
from tests.local_synthetics.support.network_tests import failure, network_test, that

if TYPE_CHECKING:
    from tests.local_synthetics.support.service import Json, Service

WITH_HOST = {
    "dns": that("recordSome", "is", "192.0.2.1", property="A"),
    "ssl": that("certificate", "isInMoreThan", 1),
    "tcp": that("connection", "is", "established"),
    "udp": that("receivedMessage", "is", "woof"),
    "icmp": that("packetsReceived", "moreThan", 0),
}
URLS = {
    "plain": "https://{host}",
    "ends in a slash": "https://{host}/",
    "with a path": "http://{host}/discount?code=BFRIDAY#top",
    "another scheme": "TCP://{host}",
    "from a variable": "{{{{ SITE }}}}",
}


def stored(kind: str, request: Json, url: str) -> Json:
    variable = {"name": "SITE", "type": "text", "pattern": f"https://{request['host']}/"}
    sent = {**request, "host": url.format(host=request["host"])}
    config = {"configVariables": [variable]}
    return network_test(kind, sent, WITH_HOST[kind], config=config)


@pytest.mark.parametrize("url", URLS.values(), ids=URLS.keys())
@pytest.mark.parametrize("kind", WITH_HOST)
def test_a_url_stands_for_its_host(service: Service, kind: str, url: str) -> None:
    with STAGES[kind]() as request:
        result = service.run(stored(kind, request(), url))
        assert result["status"] == "passed", result.get("failure")
        assert result["request"]["host"] == request()["host"]


@pytest.mark.parametrize("kind", ["ssl", "tcp", "udp"])
def test_a_port_in_the_url_must_be_that_of_the_request(service: Service, kind: str) -> None:
    with STAGES[kind]() as request:
        port = request()["port"]
        same = stored(kind, request(), f"https://{{host}}:{port}/")
        assert service.run(same)["status"] == "passed"
        code, message = failure(service, stored(kind, request(), "https://{host}:1/"))
    assert code == "INVALID_REQUEST"
    assert "name two ports" in message


@pytest.mark.parametrize(("kind", "scheme"), [("ssl", "https"), ("grpc", "grpc")])
def test_a_port_in_the_url_is_one_where_the_request_has_none(
    service: Service, kind: str, scheme: str
) -> None:
    with STAGES[kind]() as request:
        sent = dict(request())
        sent["host"] = f"{scheme}://{sent['host']}:{sent.pop('port')}/"
        result = service.run(network_test(kind, sent, that("responseTime", "moreThan", 0)))
    assert result["status"] == "passed", result["failure"]


@pytest.mark.parametrize("url", ["http://{host}/", "grpc://{host}"])
def test_so_does_that_of_grpc(service: Service, url: str) -> None:
    with STAGES["grpc"]() as request:
        sent = {**request(), "host": url.format(host=request()["host"])}
        result = service.run(network_test("grpc", sent, that("responseTime", "moreThan", 0)))
    assert result["status"] == "passed", result["failure"]


@pytest.mark.parametrize(
    "url", ["https://", "https://a b/", "https://rex@dog.example", "https://[x/"]
)
def test_what_is_no_host_is_refused(service: Service, url: str) -> None:
    with STAGES["tcp"]() as request:
        sent = network_test("tcp", {**request(), "host": url}, WITH_HOST["tcp"])
        assert failure(service, sent)[0] == "INVALID_REQUEST"


@pytest.mark.parametrize("host", ["https://rex:hunter22@dog.example/", "rex:hunter22@dog.example"])
@pytest.mark.parametrize("kind", ["dns", "ssl", "tcp", "udp", "icmp", "grpc"])
def test_a_password_before_a_host_is_not_shown(service: Service, kind: str, host: str) -> None:
    quick = that("latency", "lessThan", 1, property="avg")
    wanted = quick if kind == "icmp" else that("responseTime", "lessThan", 1)
    more = {"callType": "healthcheck"} if kind == "grpc" else {}
    port = {} if kind in ("dns", "icmp") else {"port": 1}
    message = {"message": "woof"} if kind == "udp" else {}
    sent = network_test(kind, {"host": host, **port, **more, **message}, wanted)
    batch = service.final(service.trigger({"local_test_definition": sent}))
    told = str(service.poll(batch["results"][0]["result_id"]))
    assert "********@dog.example" in told
    assert "hunter22" not in told


@pytest.mark.parametrize(
    ("stored", "sent"),
    [
        ("d29vZg==", b"woof"),
        ("d29vZg", b"woof"),
        ("d29v\nZg==", b"woof"),
        ("message", base64.b64decode("message=")),
        ("My message", base64.b64decode("Mymessag")),
        ("-_-_", b"\xfb\xff\xbf"),
    ],
)
def test_a_message_in_base64_is_read_as_node_reads_it(
    service: Service, stored: str, sent: bytes
) -> None:
    with websocket_server() as server:
        request = {"url": f"ws://127.0.0.1:{server.port}/", "isMessageBase64Encoded": True}
        wanted = that("responseTime", "moreThan", 0)
        test = network_test("websocket", {**request, "message": stored}, wanted)
        assert service.run(test)["status"] == "passed"
        assert server.received == [sent]


@pytest.mark.skipif(not shutil.which("node"), reason="no Node, which says what Datadog would send")
def test_node_itself_agrees() -> None:
    texts = ["ab", "abc", "message", "My message", "d29v=Zg==", "-_+/", "a\nb c", "\u00e9Zg"]
    code = (
        "for (const one of process.argv.slice(1))"
        " console.log(Buffer.from(one, 'base64').toString('hex'))"
    )
    done = subprocess.run(
        ["node", "-e", code, "--", *texts], capture_output=True, text=True, check=True
    )
    assert [decoded(one).hex() for one in texts] == done.stdout.splitlines()


@given(st.binary(min_size=1))
def test_what_is_base64_is_read_as_it_is(content: bytes) -> None:
    assert decoded(base64.b64encode(content).decode()) == content
    assert decoded(base64.urlsafe_b64encode(content).decode()) == content
