"""For each operator an assertion that holds of a server's answer, and one that does not."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.local_synthetics.proving.stages import GRPC, HTTP, MCP
from tests.local_synthetics.support.network_tests import that

if TYPE_CHECKING:
    from tests.local_synthetics.support.service import Json

_LONG = 20_000  # ms that no answer takes
_DRAFTS = ("draft-07", "draft-06")


@dataclass(frozen=True)
class Case:
    """Two assertions on the same request of one kind: the first must hold, the second not.

    `request` joins what the kind's stage sends, and `other` what it sends the second time: only
    where an assertion has no operand that could be another.
    """

    kind: str
    holds: Json
    fails: Json
    request: Json = field(default_factory=dict)
    other: Json = field(default_factory=dict)


def _cases(kind: str, about: str, operands: dict[str, tuple[Any, Any]], **more: Any) -> list[Case]:
    """By operator the target with which it holds, and that with which it does not."""
    request = more.pop("request", {})
    return [
        Case(kind, that(about, operator, good, **more), that(about, operator, bad, **more), request)
        for operator, (good, bad) in operands.items()
    ]


def _equal(there: Any, other: Any) -> dict[str, tuple[Any, Any]]:
    return {"is": (there, other), "isNot": (other, there)}


def _order(value: float, step: float = 1) -> dict[str, tuple[Any, Any]]:
    """At the very limit, so that no operator passes for its neighbour."""
    below, above = round(value - step, 1), round(value + step, 1)
    return {
        "lessThan": (above, value),
        "lessThanOrEqual": (value, below),
        "moreThan": (below, value),
        "moreThanOrEqual": (value, above),
    }


def _number(value: float, step: float = 1) -> dict[str, tuple[Any, Any]]:
    return _equal(value, round(value + step, 1)) | _order(value, step)


def _parts(part: str, other: str) -> dict[str, tuple[Any, Any]]:
    return {
        "contains": (part, other),
        "doesNotContain": (other, part),
        "matches": (f"^{part}", f"^{other}"),
        "doesNotMatch": (f"^{other}", f"^{part}"),
    }


def _text(whole: str, part: str) -> dict[str, tuple[Any, Any]]:
    """`part`: how the text begins, which is not all of it."""
    return _equal(whole, part) | _parts(part, "cat")


def _measured(kind: str, about: str = "responseTime", **more: Any) -> list[Case]:
    """What is measured is known to be from 0 to what no answer takes, and no nearer."""
    operands: dict[str, tuple[Any, Any]] = {
        "lessThan": (_LONG, 0),
        "lessThanOrEqual": (_LONG, -1),
        "moreThan": (-1, _LONG),
        "moreThanOrEqual": (0, _LONG),
    }
    return _cases(kind, about, operands, **more)


def _response_time(kind: str) -> list[Case]:
    scopes = [_measured(kind, timingsScope=scope) for scope in ("all", "withoutDNS")]
    return [*_measured(kind), *(case for cases in scopes for case in cases)]


def _absence(kind: str, about: str, absent: str, there: str) -> list[Case]:
    return [
        Case(kind, that(about, one, property=absent), that(about, one, property=there))
        for one in ("isUndefined", "doesNotExist")
    ]


def _named_texts(kind: str, about: str) -> list[Case]:
    """Of headers and metadata: what all servers send."""
    return [
        *_cases(kind, about, _text("beagle", "bea"), property="X-Dog"),
        *_cases(kind, about, _order(7), property="x-count"),
        *_absence(kind, about, "X-Cat", "X-Dog"),
    ]


def _selected(
    key: str, compared: list[tuple[str, str, tuple[Any, Any]]], absent: str, there: str
) -> list[tuple[Json, Json]]:
    """Targets by path: those that compare, and those that ask for absence."""
    targets: list[tuple[Json, Json]] = [
        (
            {key: path, "operator": operator, "targetValue": good},
            {key: path, "operator": operator, "targetValue": bad},
        )
        for path, operator, (good, bad) in compared
    ]
    targets += [
        ({key: absent, "operator": one}, {key: there, "operator": one})
        for one in ("isUndefined", "doesNotExist")
    ]
    return targets


def _paths(kind: str, about: str, paths: tuple[str, str, str], **more: Any) -> list[Case]:
    """JSONPaths to `beagle`, to 7 and to the two words `good` and `dog`."""
    text, number, words = paths
    inner = [
        *((text, one, operands) for one, operands in _text("beagle", "bea").items()),
        *((number, one, operands) for one, operands in _order(7).items()),
    ]
    wanted = _selected("jsonPath", inner, f"{text}.none", text)
    # Each holds or fails where the other three would not.
    elements: dict[str, tuple[tuple[str, Any], tuple[str, Any]]] = {
        "firstElementMatches": (("is", "good"), ("is", "dog")),
        "everyElementMatches": (("matches", r"^\w+$"), ("is", "good")),
        "atLeastOneElementMatches": (("is", "dog"), ("is", "cat")),
        "serializationMatches": (("is", '["good","dog"]'), ("is", "good")),
    }
    for name, operands in elements.items():
        good, bad = (
            {"jsonPath": words, "elementsOperator": name, "operator": one, "targetValue": value}
            for one, value in operands
        )
        wanted.append((good, bad))
    operator = "validatesJSONPath"
    return [
        Case(kind, that(about, operator, good), that(about, operator, bad), **more)
        for good, bad in wanted
    ]


def _schemas(kind: str, about: str, **more: Any) -> list[Case]:
    good, bad = (json.dumps({"type": one}) for one in ("object", "array"))
    return [
        Case(
            kind,
            that(about, "validatesJSONSchema", {"jsonSchema": good, "metaSchema": draft}),
            that(about, "validatesJSONSchema", {"jsonSchema": bad, "metaSchema": draft}),
            **more,
        )
        for draft in _DRAFTS
    ]


def _xpaths() -> list[Case]:
    compared = [
        *(("//dog", one, operands) for one, operands in _text("beagle", "bea").items()),
        *(("//dog/@n", one, operands) for one, operands in _order(7).items()),
    ]
    wanted = _selected("xPath", compared, "//cat", "//dog")
    return [
        Case(
            "http",
            that("body", "validatesXPath", good),
            that("body", "validatesXPath", bad),
            {"path": "/xml"},
        )
        for good, bad in wanted
    ]


def _hashes() -> dict[str, tuple[Any, Any]]:
    hashed = {}
    for name in ("md5", "sha1", "sha256"):
        good, bad = (hashlib.new(name, one.encode()).hexdigest() for one in (HTTP["/"], "cat"))
        hashed[name] = (good, bad)
    return hashed


def _javascript(expected: str) -> Json:
    return {"type": "javascript", "code": f"dd.expect(dd.response.statusCode).{expected};"}


_HTTP = [
    *_cases("http", "statusCode", _number(200) | _parts("20", "50")),
    *_named_texts("http", "header"),
    *_cases("http", "body", _text("hello world", "hello")),
    *_cases("http", "body", _order(7), request={"path": "/number"}),
    *_paths("http", "body", ("$.dog", "$.n", "$.words[*]"), request={"path": "/json"}),
    *_schemas("http", "body", request={"path": "/json"}),
    *_xpaths(),
    *_cases("http", "bodyHash", _hashes()),
    *_response_time("http"),
    Case("http", _javascript("to.equal(200)"), _javascript("to.equal(500)")),
]
_SSL = [
    *_cases("ssl", "certificate", {"isInMoreThan": (30, 50), "isInLessThan": (50, 30)}),
    *_cases("ssl", "property", _text("localhost", "local"), property="subject.CN"),
    *_cases("ssl", "property", {"contains": ("DNS:l", "DNS:e")}, property="subject.altName"),
    *_cases("ssl", "property", {"matches": ("^Store", "^dog")}, property="issuer.O"),
    *_cases("ssl", "tlsVersion", _number(1.3, 0.1)),
    *_cases("ssl", "minTlsVersion", _number(1.2, 0.1)),
    *_response_time("ssl"),
]
_A = ("192.0.2.1", "192.0.2.2")
_DNS = [
    *_cases("dns", "recordSome", {"is": (_A[1], "192.0.2.3")}, property="A"),
    *_cases("dns", "recordSome", {"contains": (".2.2", ".3.")}, property="A"),
    *_cases("dns", "recordSome", {"doesNotContain": (".2.2", "192")}, property="A"),
    *_cases("dns", "recordSome", {"matches": ("2$", "3$")}, property="A"),
    *_cases("dns", "recordSome", {"doesNotMatch": ("2$", "^192")}, property="A"),
    *_cases("dns", "recordEvery", {"isNot": ("192.0.2.3", _A[1])}, property="A"),
    *_cases("dns", "recordEvery", {"contains": ("192.0.2.", "2.2")}, property="A"),
    *_cases("dns", "recordEvery", {"doesNotContain": ("10.", "2.2")}, property="A"),
    *_cases("dns", "recordEvery", {"matches": ("[12]$", "1$")}, property="A"),
    *_cases("dns", "recordEvery", {"doesNotMatch": ("3$", "1$")}, property="A"),
    *_cases("dns", "recordEvery", {"is": ("2001:db8::1", "2001:db8::2")}, property="AAAA"),
    *_cases(
        "dns",
        "recordEvery",
        {"is": ("shop.example", "www.example")},
        property="CNAME",
        request={"host": "www.example"},
    ),
    *_cases("dns", "recordEvery", {"is": ("10 mail.example", "mail.example")}, property="MX"),
    *_cases("dns", "recordSome", {"is": ("ns2.example", "ns3.example")}, property="NS"),
    *_cases("dns", "recordEvery", {"is": ("v=spf1 -all", "v=spf1")}, property="TXT"),
    # Where there is one record, what some do every one does.
    *_cases(
        "dns",
        "recordSome",
        {"isNot": ("2001:db8::7", "2001:db8::6")},
        property="AAAA",
        request={"host": "six.example"},
    ),
    *_response_time("dns"),
]
_TCP = [
    *_cases(
        "tcp",
        "connection",
        {"is": ("established", "refused"), "isNot": ("timeout", "established")},
    ),
    *_cases("tcp", "networkHop", _number(1), request={"shouldTrackHops": True}),
    *_response_time("tcp"),
]
_UDP = [*_cases("udp", "receivedMessage", _text("woof", "wo")), *_response_time("udp")]
_WEBSOCKET = [
    *_cases("websocket", "receivedMessage", _text("woof", "wo")),
    *_named_texts("websocket", "header"),
    *_response_time("websocket"),
]
_ICMP = [
    *(
        case
        for name in ("avg", "max", "min", "stddev")
        for case in _measured("icmp", "latency", property=name)
    ),
    *_measured("icmp", "jitter"),
    *_cases("icmp", "packetLossPercentage", _number(0)),
    *_cases("icmp", "packetsReceived", _number(2)),
    *_cases("icmp", "networkHop", _number(1), request={"shouldTrackHops": True}),
    *(
        case
        for name in ("avg", "max", "min")
        for case in _cases(
            "icmp", "multiNetworkHop", _number(1), property=name, request={"shouldTrackHops": True}
        )
    ),
]
_GRPC = [
    *_cases("grpc", "grpcHealthcheckStatus", _number(1), request={"callType": "healthcheck"}),
    *_named_texts("grpc", "grpcMetadata"),
    *_cases("grpc", "grpcProto", _text(GRPC, '{"code":"beagle"') | _parts('{"code"', "cat")),
    *_cases("grpc", "grpcProto", _order(7), request={"method": "Count"}),
    *_paths("grpc", "grpcProto", ("$.code", "$.amount", "$.words[*]")),
    *_schemas("grpc", "grpcProto"),
    *_response_time("grpc"),
]
_MCP = [
    *_cases("mcp", "statusCode", _number(200) | _parts("20", "50")),
    *_named_texts("mcp", "header"),
    *_cases("mcp", "body", _text(MCP, '{"jsonrpc"')),
    *_paths("mcp", "body", ("$.result.dog", "$.result.n", "$.result.words[*]")),
    *_schemas("mcp", "body"),
    *_cases(
        "mcp",
        "mcpServerCapabilities",
        {
            "contains": (["tools", "logging"], ["tools", "prompts"]),
            "doesNotContain": (["prompts"], ["prompts", "tools"]),
        },
    ),
    *_cases("mcp", "mcpToolCount", _number(2)),
    *_cases("mcp", "mcpToolNameLength", _number(3), request={"path": "short"}),
    # Of every tool: their names have three and six characters.
    *_cases("mcp", "mcpToolNameLength", {"lessThan": (7, 6), "moreThan": (2, 3)}),
    *(
        Case(
            "mcp",
            {"type": "mcpRespectsSpecification"},
            {"type": "mcpRespectsSpecification"},
            {"callType": call, "toolName": "sit"},
            {"path": "lawless"},
        )
        for call in ("init", "tool_list", "tool_call")
    ),
    *_response_time("mcp"),
]
CASES = [*_HTTP, *_SSL, *_DNS, *_TCP, *_UDP, *_ICMP, *_WEBSOCKET, *_GRPC, *_MCP]
