"""A definition to keep in a repository: each credential in it becomes a secure variable.

A variable without a value is asked for or refused by name, where a mask would be sent as it is.
"""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_storedog_gate.local_synthetics.definitions import Json

_KEPT = (
    "public_id", "name", "type", "subtype", "status", "message", "tags", "locations", "config",
    "steps", "options",
)  # fmt: skip
_WORDS = (
    r"[\w.-]*(?:authorization|cookie|token|secret|passw|passphrase|api[-_]?key|access[-_]?key"
    r"|application[-_]?key|app[-_]?key|credential|session|signature)[\w.-]*"
)
_SENSITIVE = re.compile(_WORDS, re.IGNORECASE)
# Keys of basicAuth that hold no secret.
_PUBLIC = {
    "type", "username", "accessTokenUrl", "tokenApiAuthentication", "audience", "clientId",
    "resource", "scope", "domain", "workstation", "region", "serviceName", "algorithm", "header",
    "tokenPrefix",
}  # fmt: skip
_USERINFO = re.compile(r"(?<=://)([^/?#@]*)(?=@)")
_PARAMETER = re.compile(rf"(?<=[?&])({_WORDS})=([^&#]*)", re.IGNORECASE)
_FORM = re.compile(rf"(?:(?<=&)|^)({_WORDS})=([^&\s]*)", re.IGNORECASE)
_MEMBER = re.compile(rf'"({_WORDS})"(\s*:\s*)"((?:[^"\\]|\\.)*)"', re.IGNORECASE)
_HARMLESS = re.compile(r"\{\{.*?\}\}|\b(?:bearer|basic|token|apikey)\b|[\s:]", re.IGNORECASE)
_VALUES = {"pattern", "example", "value"}  # of a variable


def secretless(test: Json) -> Json:
    """The definition of a test as the API gives it, without what is the account's or secret.

    Credentials are known by their place or by their name, in headers, queries, forms and bodies.
    """
    kept: Json = copy.deepcopy({key: test[key] for key in _KEPT if key in test})
    config: Json = kept.get("config") or {}
    configs = [config, *_step_configs(kept)]
    variables = [variable for one in configs for variable in _variables(one)]
    for variable in variables:
        if variable.get("secure"):
            for value in _VALUES & variable.keys():
                del variable[value]
    found = _Found({str(variable.get("name")) for variable in variables})
    for one in configs:
        for request in _requests(one):
            _clean(request, found)
    if isinstance(config.get("setCookie"), str):
        config["setCookie"] = found.stand_in("SET_COOKIE", config["setCookie"])
    if found.names:
        config["configVariables"] = [
            *(config.get("configVariables") or []),
            *({"name": name, "type": "text", "secure": True} for name in found.names.values()),
        ]
    return kept


@dataclass
class _Found:
    """The credentials that were found: each value has one name."""

    taken: set[str]
    names: dict[str, str] = field(default_factory=dict)

    def stand_in(self, place: str, value: str) -> str:
        """What stands for the value; the value itself where it holds nothing but variables."""
        if not _HARMLESS.sub("", value):
            return value
        if value not in self.names:
            base = re.sub(r"\W+|-", "_", place).strip("_").upper() or "SECRET"
            numbers = range(2, len(self.taken) + 3)
            name = next(n for n in (base, *(f"{base}_{i}" for i in numbers)) if n not in self.taken)
            self.taken.add(name)
            self.names[value] = name
        return f"{{{{ {self.names[value]} }}}}"


def _step_configs(test: Json) -> list[Json]:
    """Those of the API tests in a browser test's steps of type `runApiTest`."""
    steps, found = test.get("steps"), []
    for step in steps if isinstance(steps, list) else []:
        match step:
            case {"params": {"request": {"config": dict()}}}:
                found.append(step["params"]["request"]["config"])
    return found


def _variables(config: Json) -> list[Json]:
    return _objects([*_list(config, "configVariables"), *_list(config, "variables")])


def _requests(config: Json) -> list[Json]:
    steps = _objects(_list(config, "steps"))
    return _objects([config.get("request"), *(step.get("request") for step in steps)])


def _list(config: Json, key: str) -> list[Any]:
    value = config.get(key)
    return value if isinstance(value, list) else []


def _objects(values: list[Any]) -> list[Json]:
    return [one for one in values if isinstance(one, dict)]


def _clean(request: Json, found: _Found) -> None:
    for key in ("headers", "metadata", "query", "form"):
        if isinstance(request.get(key), dict):
            _replace(request[key], found, lambda name: bool(_SENSITIVE.fullmatch(name)))
    if isinstance(request.get("basicAuth"), dict):
        _replace(request["basicAuth"], found, lambda name: name not in _PUBLIC)
    _drop_contents(request.get("certificate"))
    if isinstance(request.get("url"), str):
        url = _USERINFO.sub(lambda m: found.stand_in("URL_CREDENTIALS", m[1]), request["url"])
        request["url"] = _PARAMETER.sub(lambda m: f"{m[1]}={found.stand_in(m[1], m[2])}", url)
    for key in ("body", "message"):
        if isinstance(request.get(key), str):
            request[key] = _text(request[key], found)
    if isinstance(request.get("proxy"), dict):
        _clean(request["proxy"], found)


def _drop_contents(certificate: Any) -> None:
    for part in certificate.values() if isinstance(certificate, dict) else ():
        if isinstance(part, dict):
            part.pop("content", None)


def _replace(values: dict[str, Any], found: _Found, is_secret: Callable[[str], bool]) -> None:
    for name, value in values.items():
        if isinstance(value, str) and is_secret(name):
            values[name] = found.stand_in(name, value)


def _text(text: str, found: _Found) -> str:
    text = _MEMBER.sub(lambda m: f'"{m[1]}"{m[2]}"{found.stand_in(m[1], m[3])}"', text)
    return _FORM.sub(lambda m: f"{m[1]}={found.stand_in(m[1], m[2])}", text)
