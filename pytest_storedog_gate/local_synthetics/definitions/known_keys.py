"""The keys that a test has in Datadog's API, by place; anything else is a mistake.

A misspelt key would weaken a test without a word, so it is refused wherever a test is run or stored
by the API. What is known here but not run is refused by the kinds. Keys of tests
of mobile applications, which are not run, are not among them.
"""

from __future__ import annotations

import enum
import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pytest_storedog_gate.reading.nearest import nearest

_MOST = 50  # faults of a test that are named
_LONGEST = 50  # characters of a key that may be a known one


class Value(enum.Enum):
    """What a value may be where it is not looked into."""

    FLAG = "true or false"
    PLAIN = "anything but true and false"
    ANY = "anything"
    REFUSED = "nothing: there is such a key, but not for this service"


@dataclass(frozen=True)
class Choice:
    """The shape of an object that says itself, by the value of a key, what it is."""

    key: str
    cases: Mapping[str, Shape]
    otherwise: Shape

    def of(self, value: Mapping[str, Any]) -> Shape:
        """The shape of this one."""
        found = self.cases.get(str(value.get(self.key)), self.otherwise)
        return found.of(value) if isinstance(found, Choice) else found


Shape = Mapping[str, Any] | list[Any] | Choice | Value
"""Of an object its keys, each with the shape of its value; of a list, in a list, that of its items.
"""
Places = Mapping[str, Mapping[str, Any]]
"""Shapes by the path before their keys."""
NOWHERE: Places = {}


def keys(names: str, flags: str = "", **nested: Shape) -> dict[str, Shape]:
    """The shape of an object: plain values, flags, and those with a shape of their own."""
    plain = dict.fromkeys(names.split(), Value.PLAIN)
    return {**plain, **dict.fromkeys(flags.split(), Value.FLAG), **nested}


def key_faults(value: Any, shape: Shape, places: Places = NOWHERE) -> list[str]:
    """A sentence for each key of the value, at any depth, that its shape lacks.

    So is one whose value is a flag, where it is none, or none where it is one: `false` for a name
    would read as no name. `places`: where keys belong that stand in the wrong place.
    """
    faults = list(itertools.islice(_faults(value, shape, "", places), _MOST + 1))
    return [*faults[:_MOST], "and more"] if len(faults) > _MOST else faults


def key_faults_of_test(test: Mapping[str, Any], own: Iterable[str] = ()) -> list[str]:
    """A sentence for each key of a test that Datadog's API does not have in its place.

    `own`: further keys of requests, of kinds of check that Datadog does not have.
    """
    request = {**dict.fromkeys(own, Value.ANY), **REQUEST}
    step = {**API_STEP, "request": request}
    shape = {**TEST, "config": {**CONFIG, "request": request, "steps": [step]}}
    return key_faults(test, shape, _PLACES)


def _faults(value: Any, shape: Shape, path: str, places: Places) -> Iterator[str]:
    if shape is Value.REFUSED:
        yield f"{path} is not supported by this service"
    elif isinstance(value, dict) and isinstance(shape, Mapping | Choice):
        known = shape.of(value) if isinstance(shape, Choice) else shape
        assert isinstance(known, Mapping)  # noqa: S101 of an object its keys
        for key, one in value.items():
            place = f"{path}.{key}" if path else key
            if key in known:
                yield from _faults(one, known[key], place, places)
            else:
                hint = _hint(place, key, known, places)
                yield f"{place} is not supported: there is no such key{hint}"
    elif isinstance(value, list) and isinstance(shape, list):
        for index, one in enumerate(value):
            yield from _faults(one, shape[0], f"{path}[{index}]", places)
    elif shape is Value.FLAG and not isinstance(value, bool | None):
        yield f"{path} must be true or false"
    elif isinstance(value, bool) and shape not in (Value.FLAG, Value.ANY):
        yield f"{path} must not be true or false"


def _hint(path: str, key: str, known: Iterable[str], places: Places) -> str:
    """What the key was meant to be: the same one elsewhere, or the one here that reads like it."""
    if len(key) > _LONGEST:
        return ""
    elsewhere = {_plain(one): place + one for place, shape in places.items() for one in shape}
    here = {_plain(one): one for one in known}
    word = _plain(key)
    meant = {**elsewhere, **here}.get(word) or here.get(nearest(word, here) or "")
    return f"; did you mean {meant}?" if meant and meant != path else ""


def _plain(key: str) -> str:
    return key.lower().replace("_", "")


_TARGETS: Mapping[str, Shape] = {
    "validatesJSONPath": keys("jsonPath operator elementsOperator", targetValue=Value.ANY),
    "validatesXPath": keys("xPath operator", targetValue=Value.ANY),
    "validatesJSONSchema": keys("jsonSchema metaSchema"),
}
_OF_ASSERTION = "type operator property timingsScope"
_ASSERTIONS = Choice(
    "type",
    {"javascript": keys("type code operator target")},
    Choice(
        "operator",
        {name: keys(_OF_ASSERTION, target=target) for name, target in _TARGETS.items()},
        keys(_OF_ASSERTION, target=Value.ANY),
    ),
)
_TYPED = keys("type value")
_COUNT = keys("type value min max")
_FILE = keys("bucketKey content encoding name originalFileName size type")
_RETRY = keys("count interval")
_VARIABLE = keys("name type pattern example id", "secure")
_CERTIFICATE = keys("content filename updatedAt")
BASIC_AUTH = keys(
    "type username password domain workstation accessKey secretKey region serviceName sessionToken"
    " accessTokenUrl audience clientId clientSecret resource scope tokenApiAuthentication algorithm"
    " expiresIn header payload secret tokenPrefix",
    addClaims=keys("", "exp iat"),
)
REQUEST = keys(
    "body bodyType callType certificateDomains compressedJsonDescriptor compressedProtoFile"
    " dnsServer dnsServerPort form headers host httpVersion mcpProtocolVersion message metadata"
    " method numberOfPackets port query servername service timeout toolArgs toolName url"
    # of Network Path tests
    " destination_service e2e_queries max_ttl source_service tcp_method traceroute_queries",
    "allow_insecure checkCertificateRevocation disableAiaIntermediateFetching follow_redirects"
    " ignore_certificate_validation isMessageBase64Encoded noSavingResponseBody persistCookies"
    " shouldTrackHops",
    basicAuth=BASIC_AUTH,
    certificate=keys("", cert=_CERTIFICATE, key=_CERTIFICATE),
    files=[_FILE],
    proxy=keys("url headers"),
)
_MONITOR = keys(
    "aggregation device_ids escalation_message evaluation_delay group_retention_duration"
    " min_failure_duration min_location_failed new_group_delay new_host_delay no_data_timeframe"
    " notification_preset_name notify_by on_missing_data renotify_interval renotify_occurrences"
    " renotify_statuses restriction_query scheduling_options silenced synthetics_check_id"
    " threshold_windows thresholds timeout_h variables",
    "enable_logs_sample enable_samples groupby_simple_monitor include_tags locked notify_audit"
    " notify_no_data",
)
OPTIONS = keys(
    "blockedRequestPatterns device_ids httpVersion initialNavigationTimeout min_failure_duration"
    " min_location_failed monitor_name monitor_priority restricted_roles tick_every",
    "accept_self_signed allow_insecure bits_ai_auto_investigate captureNetworkPayloads"
    " checkCertificateRevocation disableAiaIntermediateFetching disableCors disableCsp"
    # forwardProxy: of older tests, and not published
    " enableProfiling enableSecurityTesting follow_redirects forwardProxy"
    " ignoreServerCertificateError"
    " ignore_certificate_validation noScreenshot",
    ci=keys("executionRule"),
    monitor_options=_MONITOR,
    retry=_RETRY,
    rumSettings=keys("applicationId clientTokenId", "isEnabled"),
    scheduling=keys("timezone", timeframes=[keys("day from to")]),
)


API_STEP = keys(
    "id name subtype value subtestPublicId extractedValuesFromScript",
    "allowFailure alwaysExecute exitIfSucceed isCritical",
    assertions=[_ASSERTIONS],
    extractedValues=[keys("name type field", "secure", parser=_TYPED)],
    request=REQUEST,
    retry=_RETRY,
    subtest=Value.ANY,
)
CONFIG = keys(
    "setCookie variablesFromScript",
    assertions=[_ASSERTIONS],
    configVariables=[_VARIABLE],
    request=REQUEST,
    steps=[API_STEP],
    variables=[_VARIABLE],
)
BROWSER_PARAMS = keys(
    "value delay clickType modifiers x y check attribute code subtestPublicId playingTabId",
    "appendToContent clickWithJavascript withClick",
    element=keys(
        "url targetOuterHTML",
        multiLocator=keys("ab at cl clt co ro"),
        userLocator=keys("", "failTestOnCannotLocate", values=[_TYPED]),
    ),
    email={"from": _TYPED, "subject": _TYPED, "body": _TYPED},
    file=keys("md5", nameCheck=_TYPED, sizeCheck=_COUNT),
    files=[_FILE],
    options=keys("delay", offset=keys("x y")),
    pattern=_TYPED,
    request=keys("subtype", config=CONFIG, options=OPTIONS),
    requests=keys("url", count=_COUNT),
    subtest=Value.ANY,
    variable=keys("name example", "secure"),
)
_BROWSER_STEP = keys(
    "id public_id position name type timeout",
    "allowFailure alwaysExecute exitIfSucceed isCritical noScreenshot",
    params=BROWSER_PARAMS,
)
TEST = keys(
    "public_id name type subtype status message tags locations"
    # what Datadog adds
    " created_at created_by creation_source creator deleted_at modified_at modified_by monitor_id"
    " org_id overall_state overall_state_modified stepCount version",
    config=CONFIG,
    options=OPTIONS,
    steps=[_BROWSER_STEP],
    # this project's own: docs/reference/definitions.md
    storedog=keys("files", "click_through"),
)
"""A test, as Datadog's API takes and gives it, and what this project adds."""
_PLACES: Places = {
    "": TEST,
    "config.request.": REQUEST,
    "config.": CONFIG,
    "options.ci.": keys("executionRule"),
    "options.": OPTIONS,
}
"""Where a key may belong that stands in the wrong place; of two such places the later."""
