"""Where the definition of a test and what is sent for it hold secrets.

A credential is known by its place (a user's password in a URL, a cookie) or by the name that it
stands under. What holds nothing but variables, as `Bearer {{ TOKEN }}`, is none.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from .masking import MASK
from .names import names_secret

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    StandIn = Callable[[str, str], str]
    """What stands for a credential, given its name and its value."""

Json = dict[str, Any]

_USERINFO = re.compile(r"(?<=://)((?:\{\{[^{}]*\}\}|\{(?!\{)|[^/?#@\s{])*)(?=@)")
_PARAMETER = re.compile(r"(?<=[?&#;])([^=&#;?\s]+)=((?:\{\{.*?\}\}|[^&#;\s])+)")
_FORM = re.compile(r"(?:(?<=&)|^)([\w.%\[\]-]+)=((?:\{\{.*?\}\}|[^&\s])+)")
# Of JSON, and of JSON in a string of JSON, whose quotes have backslashes.
_MEMBER = re.compile(r'(\\*)"([\w.-]+)\1"(\s*:\s*)\1"((?:[^"\\]|\\.)*?)\1"')
_ELEMENT = re.compile(r"<([\w.:-]+)>([^<>]+)</\1>")
_SCHEME = r"(?:apikey|basic|bearer|digest|jwt|token)"
# A word for a scheme is harmless before a variable only: alone it may be a password.
_HARMLESS = re.compile(
    rf"(?:[\w.-]+=)?(?:\b(?i:{_SCHEME})\b[\s:]*)?\{{\{{\s*[A-Z][A-Z0-9_]*\s*\}}\}}|[\s:;,&]"
)
_AFTER_SCHEME = re.compile(rf"\s*{_SCHEME}\s+(.*)", re.IGNORECASE | re.DOTALL)
_ABOUT = {"domain", "expires", "max-age", "path", "priority", "samesite"}  # a cookie
_IN_URL = "URL_CREDENTIALS"
_MAPS = ("headers", "metadata", "query", "form", "basicAuth")
_TEXTS = ("body", "message")
_VALUES = {"pattern", "example", "value"}  # of a variable
_VARIABLES = ("configVariables", "variables")
_EXACT = ("is", "isNot")  # others compare with a part, such as the name of a cookie
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


def holds_secret(value: str) -> bool:
    """Whether there is more in the value than variables and the word for a scheme."""
    return bool(_HARMLESS.sub("", value))


def parts_of(name: str, credential: str) -> set[str]:
    """The credential that stands under `name`, and those parts of it that may turn up alone.

    That are the token after the word for its scheme, the password after a user's name, and the
    values of cookies.
    """
    found = {credential}
    if after := _AFTER_SCHEME.fullmatch(credential):
        found.add(after[1])
    if name == _IN_URL and ":" in credential:
        password = credential.partition(":")[2]
        found |= {password, unquote(password)}
    if "cookie" in name.lower():
        pairs = [part.partition("=") for part in re.split("[;\n]", credential)]
        values = {value.strip() for key, _, value in pairs if key.strip().lower() not in _ABOUT}
        found = values - {""} or found
    return set(filter(holds_secret, found))


def in_url(url: str, stand_in: StandIn) -> str:
    """The URL with its user's name and password, and its secret parameters, replaced."""

    def parameter(match: re.Match[str]) -> str:
        return f"{match[1]}={_one(match[1], match[2], stand_in)}"

    url = _USERINFO.sub(lambda match: _userinfo(match[1], stand_in), url)
    return _PARAMETER.sub(parameter, url)


def _userinfo(text: str, stand_in: StandIn) -> str:
    password = text.partition(":")[2] or text  # a token stands there alone
    return stand_in(_IN_URL, text) if holds_secret(password) else text


def mask_url(url: str) -> str:
    """A URL as it may be shown."""
    return in_url(url, _mask)


def mask_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers as they may be shown: without the values of those whose name says a credential."""
    return {name: _one(name, value, _mask) for name, value in headers.items()}


def mask_exchanges(data: Any) -> Any:
    """A copy of a result, in which whatever was sent and received is as it may be shown."""
    if isinstance(data, list):
        return [mask_exchanges(one) for one in data]
    if isinstance(data, dict):
        return _request({key: mask_exchanges(value) for key, value in data.items()}, _mask)
    return data


def _mask(_name: str, _value: str) -> str:
    return MASK


def _collect(found: set[str]) -> StandIn:
    def collect(name: str, value: str) -> str:
        found.update(parts_of(name, value))
        return value

    return collect


def _replaced(name: str, value: str, stand_in: StandIn) -> str:
    return stand_in(name, value) if holds_secret(value) else value


def _one(name: str, value: str, stand_in: StandIn) -> str:
    return _replaced(name, value, stand_in) if names_secret(name) else value


def _named(values: Any, stand_in: StandIn) -> Any:
    if not isinstance(values, dict):
        return values
    return {
        name: _one(name, value, stand_in) if isinstance(value, str) else value
        for name, value in values.items()
    }


def _config(config: Json, stand_in: StandIn) -> Json:
    shown = _request_and_assertions(config, stand_in)
    for key in _VARIABLES:
        if isinstance(shown.get(key), list):
            shown[key] = [_variable(one) for one in shown[key]]
    if isinstance(shown.get("setCookie"), str):
        shown["setCookie"] = _replaced("SET_COOKIE", shown["setCookie"], stand_in)
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
    return step


def _variable(variable: Any) -> Any:
    if not isinstance(variable, dict) or not variable.get("secure"):
        return variable
    return {key: value for key, value in variable.items() if key not in _VALUES}


def _assertion(assertion: Any, stand_in: StandIn) -> Any:
    match assertion:
        case {"type": kind, "property": str(name), "operator": operator, "target": str(target)} if (
            kind in _NAMED and operator in _EXACT
        ):
            return {**assertion, "target": _one(name, target, stand_in)}
    return assertion


def _request(request: Json, stand_in: StandIn) -> Json:
    shown = dict(request)
    for key in _MAPS:
        if key in shown:
            shown[key] = _named(shown[key], stand_in)
    for key in _TEXTS:
        if isinstance(shown.get(key), str):
            shown[key] = _in_text(shown[key], stand_in)
    if isinstance(shown.get("url"), str):
        shown["url"] = in_url(shown["url"], stand_in)
    if isinstance(shown.get("certificate"), dict):
        shown["certificate"] = {
            part: {key: one for key, one in value.items() if key != "content"}
            for part, value in shown["certificate"].items()
            if isinstance(value, dict)
        }
    if isinstance(shown.get("proxy"), dict):
        shown["proxy"] = _request(shown["proxy"], stand_in)
    return shown


def _in_text(text: str, stand_in: StandIn) -> str:
    """A body, in which members of JSON, elements of XML and fields of forms have names."""

    def member(match: re.Match[str]) -> str:
        quote = f'{match[1]}"'
        value = _one(match[2], match[4], stand_in)
        if value == match[4]:
            value = _MEMBER.sub(member, value)  # of JSON in a string
        return f"{quote}{match[2]}{quote}{match[3]}{quote}{value}{quote}"

    def element(match: re.Match[str]) -> str:
        return f"<{match[1]}>{_one(match[1], match[2], stand_in)}</{match[1]}>"

    def field(match: re.Match[str]) -> str:
        return f"{match[1]}={_one(match[1], match[2], stand_in)}"

    return _FORM.sub(field, _ELEMENT.sub(element, _MEMBER.sub(member, text)))
