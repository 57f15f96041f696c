"""A test of each kind, as a Terraform configuration has it."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

from tests.local_synthetics.account.terraform.provider import (
    api_step,
    api_test,
    compressed,
    variable,
)
from tests.local_synthetics.proving.stages import GRPC, HTTP
from tests.local_synthetics.servers.grpc_service import PROTO

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.local_synthetics.proving.stages import Request
    from tests.local_synthetics.support.service import Json

    Stages = Mapping[str, Request]


KEYS = {"DD_API_KEY": "key-a", "DD_APP_KEY": "key-b"}
HEADERS = {"DD-API-KEY": "key-a", "DD-APPLICATION-KEY": "key-b"}
IS_200 = {"type": "statusCode", "operator": "is", "target": 200}
SOON = {"type": "responseTime", "operator": "lessThan", "target": 20_000}
VALID = {"type": "certificate", "operator": "isInMoreThan", "target": 1}
A_RECORD = {"type": "recordSome", "operator": "contains", "property": "A", "target": "."}
WOOF = {"type": "receivedMessage", "operator": "contains", "target": "woof"}
RECEIVED = {"type": "packetsReceived", "operator": "moreThanOrEqual", "target": 1}
IN_PROTO = {"type": "grpcProto", "operator": "is", "target": GRPC}
TOOLS = {"type": "mcpToolCount", "operator": "moreThan", "target": 0}
SELF_SIGNED = {"accept_self_signed": True, "disableAiaIntermediateFetching": True}


def http(at: Stages) -> Json:
    """An HTTP test with everything that its resource can say beside credentials."""
    test = api_test(
        "http",
        IS_200,
        {**SOON, "timingsScope": "withoutDNS"},
        {"type": "header", "operator": "is", "property": "X-Dog", "target": "beagle"},
        {"type": "header", "operator": "doesNotExist", "property": "X-Cat", "target": ""},
        {"type": "body", "operator": "validatesJSONPath", "target": _path("is", "beagle")},
        {"type": "body", "operator": "validatesJSONPath", "target": _path("moreThan", 6, "$.n")},
        {
            "type": "body",
            "operator": "validatesJSONPath",
            "target": {
                "jsonPath": "$.cat",
                "operator": "isUndefined",
                "elementsOperator": "firstElementMatches",
            },
        },
        {
            "type": "body",
            "operator": "validatesJSONSchema",
            "target": {"jsonSchema": '{"type":"object"}', "metaSchema": "draft-07"},
        },
        **{**at["http"]("/json"), "method": "POST", "timeout": 30},
        body="{{ DOG }}",
        bodyType="application/json",
        headers={"X-Plain": "yes", "X-Number": "{{ NUMBER }}"},
        query={"page": "1"},
        persistCookies=True,
    )
    test["config"]["configVariables"] = [
        variable("DOG", "beagle", secure=True),
        variable("NUMBER", "{{ numeric(3) }}"),
    ]
    test["options"] |= {
        "allow_insecure": True,
        "ci": {"executionRule": "blocking"},
        "follow_redirects": True,
        "min_failure_duration": 60,
        "monitor_name": "the monitor",
        "monitor_options": {
            "escalation_message": "again",
            "notification_preset_name": "show_all",
            "renotify_interval": 120,
            "renotify_occurrences": 2,
        },
        "monitor_priority": 3,
        "restricted_roles": ["role-b", "role-a"],
        "retry": {"count": 1, "interval": 300},
        "scheduling": {
            "timeframes": [{"day": 5, "from": "07:00", "to": "16:00"}],
            "timezone": "Europe/Berlin",
        },
    }
    return test


def http_form(at: Stages) -> Json:
    file = {
        "name": "f",
        "originalFileName": "f.txt",
        "type": "text/plain",
        "size": 5,
        "content": base64.b64encode(b"hello").decode(),
        "encoding": "base64",
    }
    return api_test(
        "http",
        IS_200,
        **{**at["http"](), "method": "POST"},
        bodyType="multipart/form-data",
        form={"dog": "beagle"},
        files=[file],
        noSavingResponseBody=True,
    )


def http_xpath(at: Stages) -> Json:
    target = {"xPath": "//dog", "operator": "is", "targetValue": "beagle"}
    md5 = hashlib.md5(HTTP["/xml"].encode(), usedforsecurity=False).hexdigest()
    return api_test(
        "http",
        {"type": "body", "operator": "validatesXPath", "target": target},
        {"type": "bodyHash", "operator": "md5", "target": md5},
        **at["http"]("/xml"),
    )


def ssl(at: Stages) -> Json:
    test = api_test(
        "ssl",
        VALID,
        {"type": "tlsVersion", "operator": "moreThanOrEqual", "target": "1.2"},
        {"type": "property", "operator": "isNot", "property": "subject.CN", "target": "cat"},
        **at["ssl"](),
        servername="localhost",
    )
    test["options"] |= SELF_SIGNED
    return test


def tcp(at: Stages) -> Json:
    established = {"type": "connection", "operator": "is", "target": "established"}
    return api_test("tcp", SOON, established, **at["tcp"](), timeout=10)


def dns(at: Stages) -> Json:
    return api_test("dns", A_RECORD, **at["dns"](), timeout=30)


def udp(at: Stages) -> Json:
    return api_test("udp", WOOF, **at["udp"]())


def icmp(at: Stages) -> Json:
    loss = {"type": "packetLossPercentage", "operator": "lessThan", "target": 0.06}
    latency = {"type": "latency", "operator": "lessThan", "property": "avg", "target": 20_000}
    return api_test("icmp", RECEIVED, loss, latency, **at["icmp"]())


def websocket(at: Stages) -> Json:
    request = {**at["websocket"](), "message": base64.b64encode(b"woof").decode()}
    return api_test(
        "websocket", SOON, **request, isMessageBase64Encoded=True, headers={"X-Dog": "beagle"}
    )


def grpc(at: Stages) -> Json:
    proto = {"compressedProtoFile": compressed(PROTO)}
    return api_test("grpc", IN_PROTO, **at["grpc"](), metadata={"x-dog": "beagle"}, **proto)


def grpc_health(at: Stages) -> Json:
    serving = {"type": "grpcHealthcheckStatus", "operator": "is", "target": 1}
    return api_test("grpc", serving, **at["grpc"]("healthcheck"), service="")


def multistep(at: Stages) -> Json:
    dog: Json = {"name": "DOG", "type": "http_header", "field": "X-Dog", "secure": False}
    first = api_step(
        "http",
        IS_200,
        **at["http"](),
        httpVersion="any",
        follow_redirects=False,
        noSavingResponseBody=False,
        persistCookies=False,
    )
    first["extractedValues"] = [{**dog, "parser": {"type": "regex", "value": ".*"}}]
    first |= {"isCritical": True, "retry": {"count": 2, "interval": 300}}
    switches = {"checkCertificateRevocation": False, "disableAiaIntermediateFetching": False}
    steps = [
        first,
        # The resource's accept_self_signed, which is allow_insecure here.
        api_step("ssl", VALID, **at["ssl"](), **switches, allow_insecure=True),
        api_step("tcp", SOON, **at["tcp"](), shouldTrackHops=False),
        api_step("dns", A_RECORD, **at["dns"]()),
        api_step("udp", {**WOOF, "target": "beagle"}, **{**at["udp"](), "message": "{{ DOG }}"}),
        api_step("icmp", RECEIVED, **at["icmp"](), shouldTrackHops=False),
        api_step("websocket", WOOF, **at["websocket"](), isMessageBase64Encoded=False),
        api_step("grpc", IN_PROTO, **at["grpc"]()),
        api_step("mcp", TOOLS, **at["mcp"](), mcpProtocolVersion="2025-06-18"),
        {"name": "a pause", "subtype": "wait", "value": 1},
    ]
    test = api_test("multi")
    del test["config"]["request"]
    test["config"]["steps"] = steps
    return test


TESTS: Mapping[str, Callable[[Stages], Json]] = {
    made.__name__: made
    for made in (
        http, http_form, http_xpath, ssl, tcp, dns, udp, icmp, websocket, grpc, grpc_health,
        multistep,
    )
}  # fmt: skip


def _path(operator: str, value: object, path: str = "$.dog") -> Json:
    return {
        "jsonPath": path,
        "operator": operator,
        "targetValue": value,
        "elementsOperator": "firstElementMatches",
    }
