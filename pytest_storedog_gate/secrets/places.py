"""Where the definition of a test and what is sent for it hold secrets.

A credential is known by its place (a user's password in a URL, a cookie) or by the name that it
stands under. What holds nothing but variables, as `Bearer {{ TOKEN }}`, is none.
"""

from __future__ import annotations

import base64
import binascii
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.secrets.masking import MASK
from pytest_storedog_gate.secrets.names import names_secret
from pytest_storedog_gate.secrets.texts import in_host, in_text, in_url, leaves, one, parts_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_storedog_gate.secrets.texts import StandIn

Json = dict[str, Any]

_LAST_NAME = re.compile(r".*[./]", re.DOTALL)  # up to the one that a path ends with
_MAPS = ("headers", "metadata", "query", "form", "basicAuth", "toolArgs")
_TEXTS = {
    **dict.fromkeys(
        ("body", "message", "sent_message", "received_message", "payload", "actual"), in_text
    ),
    "url": in_url,
    "host": in_host,
    "dnsServer": in_host,
}
_VALUES = {"pattern", "example", "value"}  # of a variable
_VARIABLES = ("configVariables", "variables")
_NAMED = ("header", "grpcMetadata", "metadata", "mcpHeader")  # assertions about what has a name


def without_secrets(test: Json, stand_in: StandIn) -> Json:
    """A copy of a test's definition, as the API has it, in which `stand_in` replaces credentials.

    What files and secure variables hold is left out.
    """
    shown = dict(test)
    if isinstance(test.get("config"), dict):
        shown["config"] = _config(test["config"], stand_in)
    if isinstance(test.get("steps"), list):
        shown["steps"] = [_browser_step(step, stand_in) for step in test["steps"]]
    return shown


def credentials(test: Json) -> set[str]:
    """The credentials in the definition of a test, and their parts; no variable is filled."""
    found: set[str] = set()
    without_secrets(test, _collect(found))
    return found


def credentials_of_overrides(overrides: Mapping[str, Any]) -> set[str]:
    """The credentials in what overrides a test, and their parts."""
    found: set[str] = set()
    collect = _collect(found)
    _request(dict(overrides), collect)
    for key in ("startUrl", "startUrlSubstitutionRegex"):
        in_url(str(overrides.get(key) or ""), collect)
    _named(overrides.get("variables"), collect)
    for key in ("cookies", "setCookies"):
        text = overrides.get(key)
        text = text.get("value") if isinstance(text, dict) else text
        _named({"cookie": text}, collect)
    return found


def mask_url(url: str) -> str:
    """A URL as it may be shown."""
    return in_url(url, mask)


def mask_host(host: str) -> str:
    """A host, or what was given for one, as it may be shown."""
    return in_host(host, mask)


def mask_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers as they may be shown: without the values of those whose name says a credential."""
    return {name: str(value) for name, value in _named(dict(headers), mask).items()}


def mask_names(data: Any) -> Any:
    """A copy of a document, in which what has the name of a credential is as it may be shown."""
    return _named(data, mask)


def mask_exchanges(data: Any) -> Any:
    """A copy of a result, in which whatever was sent and received is as it may be shown."""
    if isinstance(data, list):
        return [mask_exchanges(one) for one in data]
    if isinstance(data, dict):
        return _request({key: mask_exchanges(value) for key, value in data.items()}, mask)
    return data


def mask(_name: str, _value: str) -> str:
    """The stand-in of every credential where its name tells enough."""
    return MASK


def _collect(found: set[str]) -> StandIn:
    def collect(name: str, value: str) -> str:
        found.update(parts_of(name, value))
        return value

    return collect


def _named(values: Any, stand_in: StandIn) -> Any:
    """What has names, however deep; a value may be a URL or a text with names of its own."""
    if isinstance(values, dict):
        return {
            name: leaves(name, value, stand_in) if names_secret(name) else _named(value, stand_in)
            for name, value in values.items()
        }
    if isinstance(values, list):
        return [_named(value, stand_in) for value in values]
    return in_text(in_url(values, stand_in), stand_in) if isinstance(values, str) else values


def _config(config: Json, stand_in: StandIn) -> Json:
    shown = _request_and_assertions(config, stand_in)
    for key in _VARIABLES:
        if isinstance(shown.get(key), list):
            shown[key] = [_variable(one) for one in shown[key]]
    if isinstance(shown.get("setCookie"), str):
        shown["setCookie"] = one("SET_COOKIE", shown["setCookie"], stand_in)
    if isinstance(shown.get("steps"), list):
        shown["steps"] = [
            _request_and_assertions(step, stand_in) if isinstance(step, dict) else step
            for step in shown["steps"]
        ]
    return shown


def _request_and_assertions(holder: Json, stand_in: StandIn) -> Json:
    shown = dict(holder)
    if isinstance(shown.get("request"), dict):
        shown["request"] = _request(shown["request"], stand_in)
    if isinstance(shown.get("assertions"), list):
        shown["assertions"] = [_assertion(one, stand_in) for one in shown["assertions"]]
    # What plays a sub-test may hold a copy of it.
    if isinstance(shown.get("subtest"), dict):
        shown["subtest"] = without_secrets(shown["subtest"], stand_in)
    return shown


def _browser_step(step: Any, stand_in: StandIn) -> Any:
    """A step of a browser test; one of type `runApiTest` holds an API test's `config`."""
    match step:
        case {"params": {"request": {"config": dict()}}}:
            params = step["params"]
            api = params["request"]
            shown = {**api, "config": _config(api["config"], stand_in)}
            return {**step, "params": {**params, "request": shown}}
        case {"params": {"subtest": dict()}}:
            return {**step, "params": _request_and_assertions(step["params"], stand_in)}
        case {"params": {"files": list(files)}}:
            return {**step, "params": {**step["params"], "files": _files(files, stand_in)}}
    return step


def _variable(variable: Any) -> Any:
    if not isinstance(variable, dict) or not variable.get("secure"):
        return variable
    return {key: value for key, value in variable.items() if key not in _VALUES}


def _assertion(assertion: Any, stand_in: StandIn) -> Any:
    match assertion:
        case {"type": kind, "property": str(name), "target": str(target)} if kind in _NAMED:
            # The name of a cookie is none, and what else is compared with a part.
            if "cookie" in name.lower() and assertion.get("operator") not in ("is", "isNot"):
                return assertion
            return {**assertion, "target": one(name, target, stand_in)}
        case {
            "target": {"jsonPath": str(path), "targetValue": str(value)}
            | {"xPath": str(path), "targetValue": str(value)}
        }:
            shown = one(_LAST_NAME.sub("", path), value, stand_in)
            return {**assertion, "target": {**assertion["target"], "targetValue": shown}}
    return assertion


def _encoded(message: str, stand_in: StandIn) -> str:
    """A message in Base64, replaced whole where what it says holds a secret."""
    found: set[str] = set()
    in_text(_decoded(message), _collect(found))
    return stand_in("MESSAGE", message) if found else message


def _decoded(encoded: str) -> str:
    with suppress(binascii.Error):
        return base64.b64decode(f"{encoded}==").decode(errors="replace")
    return ""


def _files(files: Any, stand_in: StandIn) -> Any:
    """Files to be sent: no variable is filled in a content, so that one with a secret is left out.

    Such a file is refused by name until it is there again.
    """
    if isinstance(files, list):
        return [_files(file, stand_in) for file in files]
    match files:
        case {"content": str(content)}:
            text = _decoded(content) if files.get("encoding") == "base64" else content
            held = in_text(text, stand_in) != text
            return {key: one for key, one in files.items() if key != "content" or not held}
    return files


def _request(request: Json, stand_in: StandIn) -> Json:
    shown = dict(request)
    for key in _MAPS:
        if key in shown:
            shown[key] = _named(shown[key], stand_in)
    for key, replaced in _TEXTS.items():
        if isinstance(shown.get(key), str):
            shown[key] = replaced(shown[key], stand_in)
    if shown.get("isMessageBase64Encoded") and isinstance(shown.get("message"), str):
        shown["message"] = _encoded(shown["message"], stand_in)
    if isinstance(shown.get("certificate"), dict):
        shown["certificate"] = {
            part: {key: one for key, one in value.items() if key != "content"}
            for part, value in shown["certificate"].items()
            if isinstance(value, dict)
        }
    if "files" in shown:
        shown["files"] = _files(shown["files"], stand_in)
    if isinstance(shown.get("proxy"), dict):
        shown["proxy"] = _request(shown["proxy"], stand_in)
    return shown
