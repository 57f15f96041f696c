"""A Terraform configuration against the service's process, by the calls of Datadog's provider.

For each kind of test: apply, plan without changes, run, apply a change, plan without changes,
destroy.
"""

from __future__ import annotations

import base64
import copy
import hashlib
import json
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.local_synthetics.kinds.browser.site import serving_site
from tests.local_synthetics.made_by_api.terraform import (
    Provider,
    api_step,
    api_test,
    browser_step,
    changes,
    compressed,
    variable,
)
from tests.local_synthetics.processes import refused, running
from tests.local_synthetics.proving.stages import GRPC, HTTP, STAGES
from tests.local_synthetics.servers.grpc_service import PROTO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.local_synthetics.proving.stages import Request
    from tests.local_synthetics.support import Json, Service

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


@pytest.fixture(scope="module")
def stages() -> Iterator[Stages]:
    """A real server for each kind of check, and the request for it."""
    with ExitStack() as held:
        yield {kind: held.enter_context(stage()) for kind, stage in STAGES.items()}


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with serving_site() as url:
        yield url


@pytest.fixture(scope="module")
def service(stages: Stages) -> Iterator[Service]:
    """The process, which trusts the authority of the stage for TLS."""
    with running(**KEYS) as (_, started):
        started.headers = HEADERS
        yield started


@pytest.fixture(scope="module")
def shows_credentials() -> Iterator[Provider]:
    with running("--show-credentials", **KEYS) as (_, started):
        started.headers = HEADERS
        yield Provider(started)


@pytest.fixture
def provider(service: Service) -> Provider:
    return Provider(service)


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


@pytest.mark.parametrize("name", list(TESTS))
def test_a_test_is_made_planned_run_changed_and_taken_away(
    name: str, stages: Stages, provider: Provider, service: Service
) -> None:
    _live(TESTS[name](stages), provider, service)


def test_a_sub_test_made_by_the_same_apply_is_played(
    stages: Stages, provider: Provider, service: Service
) -> None:
    played = provider.create(api_test("http", IS_200, **stages["http"]()))["public_id"]
    test = multistep(stages)
    test["config"]["steps"] = [
        {"name": "the sub-test", "subtype": "playSubTest", "subtestPublicId": played}
    ]
    _live(test, provider, service)
    provider.delete(played)


def test_a_browser_test_is_too(
    chromium: None, stages: Stages, site: str, provider: Provider, service: Service
) -> None:
    own = {"failTestOnCannotLocate": True, "values": [{"type": "css", "value": "#title"}]}
    test: Json = {
        "config": {
            "assertions": [],
            "configVariables": [variable("DOG", "Rex")],
            "request": {"headers": {"X-Dog": "beagle"}, "method": "GET", "url": site},
            "setCookie": "dog={{ DOG }}",
            "variables": [variable("WORD", "{{ numeric(3) }}"), variable("PW", "p", secure=True)],
        },
        "locations": ["aws:eu-central-1"],
        "message": "",
        "name": "a browser test",
        "options": {
            "blockedRequestPatterns": ["*://shop.invalid/*"],
            "device_ids": ["chrome.laptop_large"],
            "disableCors": True,
            "disableCsp": True,
            "httpVersion": "any",
            "ignoreServerCertificateError": True,
            "initialNavigationTimeout": 60,
            "min_location_failed": 1,
            "noScreenshot": True,
            "tick_every": 900,
        },
        "status": "live",
        "steps": [
            browser_step("assertElementPresent", element={"userLocator": own}),
            browser_step(
                "typeText",
                element={"multiLocator": {"ab": '//input[@id="dog"]'}, "url": site},
                value="{{ DOG }}",
                appendToContent=False,
                delay=1,
            ),
            browser_step("assertFromJavascript", code="return dog.value === 'Rex';"),
            browser_step("wait", value=1),
            browser_step(
                "runApiTest",
                request={
                    "config": {"assertions": [IS_200], "request": stages["http"]()},
                    "options": {},
                    "subtype": "http",
                },
            ),
            browser_step(
                "extractFromJavascript",
                code="return 'abc';",
                variable={"name": "LETTERS", "example": "x", "secure": False},
            ),
            browser_step("scroll", x=10, y=20),
        ],
        "tags": ["team:shop"],
        "type": "browser",
    }
    _live(test, provider, service)


SECRET = "hunter22-hunter22"
IN_WEB = {"type": "web", "username": "ann", "password": SECRET}
CREDENTIALS: Mapping[str, tuple[Json, list[str]]] = {
    "web": ({"basicAuth": IN_WEB}, ["basicAuth.password"]),
    "digest": ({"basicAuth": {**IN_WEB, "type": "digest"}}, ["basicAuth.password"]),
    "ntlm": (
        {"basicAuth": {**IN_WEB, "type": "ntlm", "domain": "CORP", "workstation": "PC7"}},
        ["basicAuth.password"],
    ),
    "oauth-client": (
        {
            "basicAuth": {
                "type": "oauth-client",
                "accessTokenUrl": "https://shop.invalid/token",
                "tokenApiAuthentication": "header",
                "clientId": "shop",
                "clientSecret": SECRET,
                "audience": "discounts",
                "scope": "read write",
                "resource": "shop",
            }
        },
        ["basicAuth.clientSecret"],
    ),
    "oauth-rop": (
        {
            "basicAuth": {
                **IN_WEB,
                "type": "oauth-rop",
                "accessTokenUrl": "https://shop.invalid/token",
                "tokenApiAuthentication": "body",
                "clientId": "shop",
                "clientSecret": SECRET,
            }
        },
        ["basicAuth.clientSecret", "basicAuth.password"],
    ),
    "sigv4": (
        {
            "basicAuth": {
                "type": "sigv4",
                "accessKey": SECRET,
                "secretKey": SECRET,
                "sessionToken": SECRET,
                "region": "eu-west-1",
                "serviceName": "execute-api",
            }
        },
        ["basicAuth.accessKey", "basicAuth.secretKey", "basicAuth.sessionToken"],
    ),
    "jwt": (
        {
            "basicAuth": {
                "type": "jwt",
                "algorithm": "HS256",
                "secret": SECRET,
                "payload": '{"sub": "shop"}',
                "header": '{"kid": "1"}',
                "expiresIn": 60,
                "tokenPrefix": "Bearer",
                "addClaims": {"exp": True, "iat": False},
            }
        },
        ["basicAuth.secret"],
    ),
    "headers": (
        {"headers": {"Authorization": f"Bearer {SECRET}", "Cookie": f"a={SECRET}", "X": "y"}},
        ["headers.Authorization", "headers.Cookie"],
    ),
    "metadata": ({"metadata": {"x-api-key": SECRET, "x": "y"}}, ["metadata.x-api-key"]),
    "proxy": (
        {
            "proxy": {
                "url": f"http://ann:{SECRET}@proxy.invalid:3128",
                "headers": {"Proxy-Authorization": f"Basic {SECRET}", "X": "y"},
            }
        },
        ["proxy.headers.Proxy-Authorization", "proxy.url"],
    ),
    "url": ({"url": f"https://ann:{SECRET}@shop.invalid/"}, ["url"]),
    "certificate": (
        {
            "certificate": {
                "cert": {"content": SECRET, "filename": "a.pem"},
                "key": {"content": SECRET, "filename": "a.key"},
            }
        },
        [],
    ),
}


@pytest.mark.parametrize("name", list(CREDENTIALS))
def test_a_credential_that_is_a_variable_changes_no_plan(name: str, provider: Provider) -> None:
    parts = json.loads(json.dumps(CREDENTIALS[name][0]).replace(SECRET, "{{ PASSWORD }}"))
    test = _with(parts, variable("PASSWORD", SECRET, secure=True))
    made = provider.create(copy.deepcopy(test))
    assert changes(test, made) == []
    assert changes(test, provider.update(made["public_id"], copy.deepcopy(test))) == []
    assert SECRET not in json.dumps(made)


@pytest.mark.parametrize("name", list(CREDENTIALS))
def test_a_credential_in_plain_is_shown_on_request_alone(
    name: str, provider: Provider, shows_credentials: Provider
) -> None:
    parts, masked = CREDENTIALS[name]
    test = _with(parts)
    made = provider.create(copy.deepcopy(test))
    assert changes(test, made) == [f"config.request.{one}" for one in masked]
    assert SECRET not in json.dumps([made, provider.read(made["public_id"])])

    shown = shows_credentials.create(copy.deepcopy(test))
    assert changes(test, shown) == []
    assert changes(test, shows_credentials.update(shown["public_id"], copy.deepcopy(test))) == []
    assert changes(test, shows_credentials.read(shown["public_id"])) == []
    secured = _with({}, variable("PASSWORD", SECRET, secure=True))
    assert SECRET not in json.dumps(shows_credentials.create(secured))


def test_credentials_are_not_shown_without_keys() -> None:
    assert "--show-credentials needs keys" in refused("serve", "--show-credentials")


def test_a_cookie_of_a_browser_test_is_a_credential(
    provider: Provider, shows_credentials: Provider
) -> None:
    test = api_test("http", method="GET", url="https://shop.invalid/")
    del test["subtype"]
    test |= {"type": "browser", "steps": []}
    test["config"]["setCookie"] = f"session={SECRET}"
    assert changes(test, provider.create(copy.deepcopy(test))) == ["config.setCookie"]
    assert changes(test, shows_credentials.create(copy.deepcopy(test))) == []


def _with(parts: Json, *variables: Json) -> Json:
    test = api_test("http", IS_200, **{"method": "GET", "url": "https://shop.invalid/", **parts})
    test["config"]["configVariables"] = list(variables)
    return test


def _live(test: Json, provider: Provider, service: Service) -> None:
    made = provider.create(copy.deepcopy(test))
    public_id = made["public_id"]
    assert changes(test, made) == []
    assert changes(test, provider.read(public_id)) == []
    _passes(service, public_id)
    other = {**test, "name": "another name", "status": "paused", "tags": ["a:b", "c"]}
    updated = provider.update(public_id, copy.deepcopy(other))
    assert {"name", "status", "tags"} <= set(changes(test, updated))
    assert changes(other, updated) == []
    assert changes(other, provider.read(public_id)) == []
    _passes(service, public_id)
    provider.delete(public_id)
    assert provider.read(public_id) is None


def _passes(service: Service, public_id: str) -> None:
    batch = service.final(service.trigger({"public_id": public_id}))
    failures = [
        service.result(entry["result_id"]).get("failure")
        for entry in batch["results"]
        if entry["status"] != "passed"
    ]
    assert failures == []


def _path(operator: str, value: object, path: str = "$.dog") -> Json:
    return {
        "jsonPath": path,
        "operator": operator,
        "targetValue": value,
        "elementsOperator": "firstElementMatches",
    }
