"""The keys that a test has in Datadog's API, by place; anything else is a mistake.

A misspelt key would weaken a test without a word, so it is refused wherever a test is run or stored
by the API. What is known here but not run is refused by the kinds.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

Shape = Mapping[str, Any] | list[Any] | Callable[[Mapping[str, Any]], "Shape"] | None
"""Of an object its keys, each with the shape of its value; of a list, in a list, that of its items.

A function gives the shape of an object that says itself what it is. None: whatever it may be.
"""


def keys(names: str, **nested: Shape) -> dict[str, Shape]:
    """The shape of an object; `names` are the keys whose values may be anything."""
    return {**dict.fromkeys(names.split()), **nested}


def unknown_keys(value: Any, shape: Shape, where: str = "") -> list[str]:
    """A sentence for each key of the value, at any depth, that its shape lacks."""
    return [
        f"{path} is not supported: there is no such key{_hint(path, key, known)}"
        for path, key, known in _unknown(value, shape, where)
    ]


def unknown_in_test(test: Mapping[str, Any]) -> list[str]:
    """A sentence for each key of a test that Datadog's API does not have in its place."""
    return unknown_keys(test, TEST)


def _unknown(value: Any, shape: Shape, path: str) -> Iterator[tuple[str, str, Iterable[str]]]:
    if isinstance(value, dict):
        known = shape(value) if callable(shape) else shape
        if isinstance(known, Mapping):
            for key, one in value.items():
                place = f"{path}.{key}" if path else key
                if key in known:
                    yield from _unknown(one, known[key], place)
                else:
                    yield place, key, known
    elif isinstance(value, list) and isinstance(shape, list):
        for index, one in enumerate(value):
            yield from _unknown(one, shape[0], f"{path}[{index}]")


def _hint(path: str, key: str, known: Iterable[str]) -> str:
    """What the key was meant to be: the known one that reads most like it, there or elsewhere."""
    elsewhere = {_plain(one): place + one for place, shape in _PLACES.items() for one in shape}
    near = elsewhere | {_plain(one): one for one in known}
    close = difflib.get_close_matches(_plain(key), near, n=1, cutoff=0.65)
    return f"; did you mean {near[close[0]]}?" if close and near[close[0]] != path else ""


def _plain(key: str) -> str:
    return key.lower().replace("_", "")


def _assertion(one: Mapping[str, Any]) -> Shape:
    if one.get("type") == "javascript":
        return keys("type code operator target")
    return keys(
        "type operator property timingsScope",
        target=_TARGETS.get(str(one.get("operator"))),
    )


_TARGETS = {
    "validatesJSONPath": keys("jsonPath operator targetValue elementsOperator"),
    "validatesXPath": keys("xPath operator targetValue"),
    "validatesJSONSchema": keys("jsonSchema metaSchema"),
}
_TYPED = keys("type value")
_COUNT = keys("type value min max")
_FILE = keys("bucketKey content encoding name originalFileName size type")
_RETRY = keys("count interval")
_VARIABLE = keys("name type pattern example secure id")
_CERTIFICATE = keys("content filename updatedAt")
BASIC_AUTH = keys(
    "type username password domain workstation accessKey secretKey region serviceName sessionToken"
    " accessTokenUrl audience clientId clientSecret resource scope tokenApiAuthentication algorithm"
    " expiresIn header payload secret tokenPrefix",
    addClaims=keys("exp iat"),
)
REQUEST = keys(
    "allow_insecure body bodyType callType certificateDomains checkCertificateRevocation"
    " compressedJsonDescriptor compressedProtoFile disableAiaIntermediateFetching dnsServer"
    " dnsServerPort follow_redirects form headers host httpVersion ignore_certificate_validation"
    " isMessageBase64Encoded mcpProtocolVersion message metadata method noSavingResponseBody"
    " numberOfPackets persistCookies port query servername service shouldTrackHops timeout toolArgs"
    " toolName url"
    # of Network Path tests
    " destination_service e2e_queries max_ttl source_service tcp_method traceroute_queries",
    basicAuth=BASIC_AUTH,
    certificate=keys("", cert=_CERTIFICATE, key=_CERTIFICATE),
    files=[_FILE],
    proxy=keys("url headers"),
)
_OPTIONS = keys(
    "accept_self_signed allow_insecure bits_ai_auto_investigate blockedRequestPatterns"
    " captureNetworkPayloads checkCertificateRevocation device_ids disableAiaIntermediateFetching"
    " disableCors disableCsp enableProfiling enableSecurityTesting follow_redirects httpVersion"
    " ignoreServerCertificateError ignore_certificate_validation initialNavigationTimeout"
    " min_failure_duration min_location_failed monitor_name monitor_options monitor_priority"
    " noScreenshot restricted_roles rumSettings scheduling tick_every"
    # of tests of mobile applications
    " allowApplicationCrash bindings defaultStepTimeout disableAutoAcceptAlert mobileApplication"
    " verbosity",
    ci=keys("executionRule"),
    retry=_RETRY,
)


API_STEP = keys(
    "id name subtype allowFailure alwaysExecute exitIfSucceed isCritical value subtestPublicId"
    " extractedValuesFromScript subtest",
    assertions=[_assertion],
    extractedValues=[keys("name type field secure", parser=_TYPED)],
    request=REQUEST,
    retry=_RETRY,
)
CONFIG = keys(
    "setCookie variablesFromScript initialApplicationArguments",
    assertions=[_assertion],
    configVariables=[_VARIABLE],
    request=REQUEST,
    steps=[API_STEP],
    variables=[_VARIABLE],
)
BROWSER_PARAMS = keys(
    "value delay appendToContent clickType clickWithJavascript modifiers x y withClick check"
    " attribute code subtestPublicId playingTabId subtest",
    element=keys(
        "url targetOuterHTML",
        multiLocator=keys("ab at cl clt co ro"),
        userLocator=keys("failTestOnCannotLocate", values=[_TYPED]),
    ),
    email=keys("", **{"from": _TYPED, "subject": _TYPED, "body": _TYPED}),
    file=keys("md5", nameCheck=_TYPED, sizeCheck=_COUNT),
    files=[_FILE],
    options=keys("delay", offset=keys("x y")),
    pattern=_TYPED,
    request=keys("subtype", config=CONFIG, options=_OPTIONS),
    requests=keys("url", count=_COUNT),
    variable=keys("name example secure"),
)
_BROWSER_STEP = keys(
    "id public_id position name type timeout allowFailure alwaysExecute exitIfSucceed isCritical"
    " noScreenshot",
    params=BROWSER_PARAMS,
)
TEST: Shape = keys(
    "public_id name type subtype status message tags locations"
    # what Datadog adds
    " created_at created_by creation_source creator deleted_at modified_at modified_by monitor_id"
    " org_id overall_state overall_state_modified stepCount version"
    # of tests of mobile applications
    " device_ids",
    config=CONFIG,
    options=_OPTIONS,
    steps=[_BROWSER_STEP],
    # this project's own: docs/local-synthetics.md
    storedog=keys("click_through files"),
)
"""A test, as Datadog's API takes and gives it, and what this project adds."""
SWITCHES = keys(
    "allow_insecure checkCertificateRevocation disableAiaIntermediateFetching follow_redirects"
    " ignore_certificate_validation isMessageBase64Encoded noSavingResponseBody persistCookies"
    " shouldTrackHops allowFailure alwaysExecute exitIfSucceed isCritical noScreenshot"
    " appendToContent clickWithJavascript withClick"
)
"""The keys whose false says no more than their absence."""
_PLACES: Mapping[str, Mapping[str, Any]] = {
    "": TEST if isinstance(TEST, Mapping) else {},
    "config.request.": REQUEST,
    "config.": CONFIG,
    "options.ci.": keys("executionRule"),
    "options.": _OPTIONS,
}
"""Where a key may belong that stands in the wrong place; of two such places the later."""
