"""gRPC API tests against a real server."""

from __future__ import annotations

import base64
import gzip
import json
import subprocess
import zlib
from typing import TYPE_CHECKING, Any

import pytest

from tests.local_synthetics.servers.certificates import Certificates
from tests.local_synthetics.servers.grpc_service import PROTO, SERVICE, GrpcServer, grpc_server
from tests.local_synthetics.servers.ports import refusing_port, silent_port
from tests.local_synthetics.support.network_tests import failure, network_test, that, valid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.local_synthetics.support.service import Json, Service


@pytest.fixture(scope="module")
def server() -> Iterator[GrpcServer]:
    with grpc_server() as running:
        yield running


SERVING = that("grpcHealthcheckStatus", "is", 1)
QUICK = that("responseTime", "lessThan", 20_000)
PACKED = base64.b64encode(zlib.compress(PROTO.encode())).decode()


def health_test(port: Any, /, *assertions: Json, **more: Any) -> Json:
    options, config = more.pop("options", None), more.pop("config", None)
    request = {"host": "127.0.0.1", "port": port, "callType": "healthcheck", **more}
    return network_test("grpc", request, *assertions, options=options, config=config)


def unary_test(port: Any, /, *assertions: Json, **more: Any) -> Json:
    call = {
        "callType": "unary",
        "service": SERVICE,
        "method": "Get",
        "message": '{"code": "BFRIDAY", "amount": "5"}',
    }
    return health_test(port, *assertions, **{**call, **more})


def test_a_passing_health_check_says_what_it_did(server: GrpcServer, service: Service) -> None:
    result = service.run(health_test(str(server.port), SERVING, host="localhost"))
    assert result["status"] == "passed"
    assert result["call_type"] == "healthCheck"
    assert result["response"]["healthcheck"] == {"status": 1, "message": {"status": "SERVING"}}
    assert result["timings"].keys() == {"dns", "tcp", "firstByte", "total"}
    assert result["resolved_ip"] == "127.0.0.1"


@pytest.mark.parametrize("packed", [None, PACKED])
def test_a_passing_call_says_what_it_did(
    server: GrpcServer, service: Service, packed: str | None
) -> None:
    wanted = that("grpcProto", "contains", "BFRIDAY")
    result = service.run(unary_test(server.port, wanted, compressedProtoFile=packed))
    assert result["status"] == "passed"
    assert (result["call_type"], result["request"]["method"]) == ("unary", "Get")
    assert json.loads(result["response"]["message"]) == {
        "code": "BFRIDAY",
        "amount": "5",
        "words": ["good", "dog"],
    }
    assert result["response"]["metadata"]["x-dog"] == "beagle"
    assert result["response"]["metadata"]["x-last"] == "tail"


@pytest.mark.parametrize("operator", ["isUndefined", "doesNotExist"])
def test_metadata_may_have_to_be_absent(
    server: GrpcServer, service: Service, operator: str
) -> None:
    wanted = [that("grpcMetadata", operator, property=name) for name in ("x-cat", "x-dog")]
    wanted.append(that("grpcMetadata", "isNot", "x", property="x-cat"))
    assert valid(service, unary_test(server.port, *wanted)) == [True, False, False]


def test_metadata_that_comes_twice_is_seen_whole(server: GrpcServer, service: Service) -> None:
    wanted = (
        that("grpcMetadata", "is", "bad, worse, good", property="x-twice"),
        that("grpcMetadata", "doesNotContain", "bad", property="x-twice"),
    )
    assert valid(service, unary_test(server.port, *wanted)) == [True, False]


def test_a_status_without_a_name_is_a_number(server: GrpcServer, service: Service) -> None:
    seven = that("grpcHealthcheckStatus", "is", 7)
    assert valid(service, health_test(server.port, SERVING, seven, service="odd")) == [False, True]


def test_a_sick_service_is_not_serving(server: GrpcServer, service: Service) -> None:
    assert valid(service, health_test(server.port, SERVING, service="sick")) == [False]
    code, message = failure(service, health_test(server.port, SERVING, service="nobody"))
    assert (code, "NOT_FOUND" in message) == ("UNKNOWN", True)


def test_metadata_is_sent(server: GrpcServer, service: Service) -> None:
    definition = unary_test(server.port, QUICK, metadata={"X-Env": "{{ ENV }}"})
    assert service.run(definition, variables={"ENV": "staging"})["status"] == "passed"
    assert server.asked[-1]["x-env"] == "staging"


def test_what_goes_wrong_has_a_code(server: GrpcServer, service: Service) -> None:
    def code(discount: str, **more: Any) -> tuple[str, str]:
        message = json.dumps({"code": discount})
        return failure(service, unary_test(server.port, QUICK, message=message, **more))

    none = code("NONE")
    assert (none[0], "NOT_FOUND: no such discount" in none[1]) == ("UNKNOWN", True)
    assert code("SLOW", timeout=0.5)[0] == "TIMEOUT"
    assert code("HUGE")[0] == "BODY_TOO_LARGE"
    assert failure(service, health_test(refusing_port(), SERVING))[0] == "CONNREFUSED"
    assert failure(service, health_test(1, SERVING, host="nowhere.invalid"))[0] == "DNS"
    with silent_port() as port:
        assert failure(service, health_test(port, SERVING, timeout=0.3))[0] == "TIMEOUT"


def test_tls_is_verified(tmp_path: Any, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    certificates = Certificates(tmp_path)
    secure = {"host": "grpcs://localhost"}
    with grpc_server(certificates.good) as server:
        code, _ = failure(service, health_test(server.port, SERVING, **secure))
        assert code == "SSL"
        monkeypatch.setenv("SSL_CERT_FILE", str(certificates.authority))
        assert valid(service, health_test(server.port, SERVING, **secure)) == [True]
        folder = tmp_path / "folder"
        folder.mkdir()
        (folder / "authority.pem").write_bytes(certificates.authority.read_bytes())
        subprocess.run(["openssl", "rehash", folder], check=True)
        monkeypatch.delenv("SSL_CERT_FILE")
        monkeypatch.setenv("SSL_CERT_DIR", str(folder))
        assert valid(service, health_test(server.port, SERVING, **secure)) == [True]
        insecure = health_test(server.port, SERVING, options={"allow_insecure": True}, **secure)
        code, message = failure(service, insecure)
        assert (code, "allow_insecure" in message) == ("INVALID_TEST", True)
    with grpc_server(certificates.other_host) as server:
        assert failure(service, health_test(server.port, SERVING, **secure))[0] == "SSL"


def test_secrets_are_masked(server: GrpcServer, service: Service) -> None:
    definition = unary_test(
        server.port,
        that("grpcProto", "is", "x"),
        that("grpcMetadata", "is", "x", property="set-cookie"),
        message='{"code": "{{ T }}"}',
        metadata={"authorization": "Bearer abcdef123"},
        config={
            "configVariables": [
                {"name": "T", "type": "text", "pattern": "hushhush", "secure": True}
            ]
        },
    )
    result = service.run(definition)
    assert result["failure"]["code"] == "INCORRECT_ASSERTION"
    text = json.dumps(result)
    for secret in ("hushhush", "abcdef123", "s3cr3t-cookie"):
        assert secret not in text
    assert server.asked[-1]["authorization"] == "Bearer abcdef123"


def test_values_are_extracted_for_later_steps(server: GrpcServer, service: Service) -> None:
    def step(message: str, *assertions: Json, **more: Any) -> Json:
        request = unary_test(server.port, message=message)["config"]["request"]
        wanted = {"name": "call", "subtype": "grpc", "request": request, **more}
        return {**wanted, "assertions": list(assertions)}

    extracted: list[Json] = [
        {
            "name": "CODE",
            "type": "grpc_message",
            "parser": {"type": "json_path", "value": "$.code"},
        },
        {"name": "DOG", "type": "grpc_metadata", "field": "X-Dog", "parser": {"type": "raw"}},
    ]
    extracted[0]["secure"] = True
    first = step('{"code": "hushhush"}', QUICK, extractedValues=extracted)
    beagle = that("grpcProto", "contains", "beagle")
    second = step('{"code": "{{ CODE }} {{ DOG }}"}', beagle)
    definition = network_test("multi", {}, config={"steps": [first, second]})
    del definition["config"]["request"], definition["config"]["assertions"]
    result = service.run(definition)
    assert result["status"] == "passed", result
    shown = json.loads(result["steps"][1]["response"]["message"])
    assert shown["code"] == "******** beagle"
    assert "hushhush" not in json.dumps(result["steps"][1])


BROKEN = base64.b64encode(gzip.compress(b"service {")).decode()


@pytest.mark.parametrize(
    ("part", "named"),
    [
        ({"service": "storedog.Nothing", "compressedProtoFile": PACKED}, "storedog.Nothing"),
        ({"method": "Put"}, "it has Count, Get, Watch"),
        ({"method": "Watch"}, "streams"),
        ({"message": '{"colour": "red"}'}, "colour"),
        ({"compressedProtoFile": BROKEN}, "cannot be compiled"),
    ],
)
def test_a_call_that_the_types_do_not_allow(
    server: GrpcServer, service: Service, part: Json, named: str
) -> None:
    code, message = failure(service, unary_test(server.port, QUICK, **part))
    assert code == "INVALID_TEST"
    assert named in message


def test_reflection_may_not_know_the_service(server: GrpcServer, service: Service) -> None:
    unknown = unary_test(server.port, QUICK, service="storedog.Nothing")
    code, message = failure(service, unknown)
    assert (code, "storedog.Nothing" in message) == ("UNKNOWN", True)


@pytest.mark.parametrize(
    ("part", "named"),
    [
        ({"host": ""}, "config.request.host"),
        ({"port": "http"}, "config.request.port"),
        ({"callType": "stream"}, "'stream'"),
        ({"service": ""}, "config.request.service"),
        ({"method": ""}, "config.request.method"),
        ({"message": "{"}, "config.request.message"),
        ({"metadata": {"a": 1}}, "config.request.metadata"),
        ({"compressedProtoFile": "!"}, "config.request.compressedProtoFile"),
        ({"compressedProtoFile": PACKED[:40]}, "config.request.compressedProtoFile"),
        ({"certificate": {"cert": {"content": "x"}}}, "config.request.certificate"),
        ({"timeout": -1}, "config.request.timeout"),
        ({"options": {"allow_insecure": "yes"}}, "options.allow_insecure"),
        ({"config": {"assertions": []}}, "config.assertions is empty"),
        ({"config": {"assertions": [SERVING]}}, "'grpcHealthcheckStatus'"),
        ({"config": {"assertions": [that("grpcMetadata", "is", "x")]}}, "property"),
        ({"config": {"assertions": [that("grpcProto", "validatesXPath", "x")]}}, "validatesXPath"),
        (
            {"callType": "healthcheck", "config": {"assertions": [that("grpcProto", "is", "x")]}},
            "'grpcProto'",
        ),
    ],
)
def test_what_is_not_supported_is_refused_by_name(service: Service, part: Json, named: str) -> None:
    port = part.get("port", 1)
    code, message = failure(service, unary_test(port, QUICK, **part))
    assert code == "INVALID_TEST"
    assert named in message
