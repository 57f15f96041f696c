"""A definition as the API gives it back: without credentials and secure values."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

from pytest_storedog_gate.local_synthetics.masking import MASK, mask_headers
from pytest_storedog_gate.local_synthetics.secretless import _PUBLIC, secretless

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_storedog_gate.local_synthetics.definitions import Definition, Json

_VALUES = {"pattern", "example", "value"}  # of a variable
_STEPS = {"steps", "stepCount"}
_OF_THE_SERVICE = {"status"}  # a deployed file lets no paused test live
_CONFIGURATION = {"config", *_STEPS}
_PUBLIC_OF_AUTH = {*_PUBLIC, "payload"}
# `Bearer {{ TOKEN }}`, `{{ USER }}:{{ PASSWORD }}`, `session={{ SESSION }}`
_VARIABLE = r"(?:[\w.-]+=)?\{\{\s*[A-Z][A-Z0-9_]*\s*\}\}"
_ONLY_VARIABLES = re.compile(
    rf"\s*(?:(?i:bearer|basic|token|apikey)[\s:]+)?{_VARIABLE}(?:[:;,\s]*{_VARIABLE})*\s*"
)
_USERINFO = re.compile(r"(?<=://)[^/?#@]*(?=@)")


def full_view(definition: Definition) -> Json:
    """What `GET /tests/api/{id}` and `GET /tests/browser/{id}` answer."""
    shown: Json = {**definition.data, "config": _config(definition.config)}
    if isinstance(steps := shown.get("steps"), list):
        shown["steps"] = [_browser_step(step) for step in steps]
    return shown


def view_without_steps(definition: Definition) -> Json:
    """What `GET /tests/{id}` answers: the steps of a browser test are told by its own path."""
    shown = full_view(definition)
    return {key: value for key, value in shown.items() if key not in _STEPS}


def local_view(definition: Definition) -> Json:
    """A definition for a file, which has secure variables where the test has credentials."""
    kept = secretless(definition.data)
    return {key: value for key, value in kept.items() if key not in _OF_THE_SERVICE}


def short_view(definition: Definition) -> Json:
    """What a search answers for a test when it does not ask for its full configuration."""
    return {key: value for key, value in definition.data.items() if key not in _CONFIGURATION}


def with_credentials(view: Callable[[Definition], Json]) -> Callable[[Definition], Json]:
    """The view as Datadog has it: what is masked in it is answered, what is left out is not."""

    def shown(definition: Definition) -> Json:
        return cast("Json", _unmasked(view(definition), definition.data))

    return shown


def _unmasked(shown: Any, held: Any) -> Any:
    if isinstance(shown, dict):
        return {key: _unmasked(value, held[key]) for key, value in shown.items()}
    if isinstance(shown, list):
        return [_unmasked(value, held[index]) for index, value in enumerate(shown)]
    return held if isinstance(shown, str) and MASK in shown else shown


def _config(config: Json) -> Json:
    shown: Json = dict(config)
    for key in ("configVariables", "variables"):
        if isinstance(shown.get(key), list):
            shown[key] = [_variable(one) for one in shown[key]]
    if isinstance(shown.get("setCookie"), str):
        shown["setCookie"] = _hidden(shown["setCookie"])
    if isinstance(shown.get("request"), dict):
        shown["request"] = _request(shown["request"])
    if isinstance(shown.get("steps"), list):
        shown["steps"] = [_step(step) for step in shown["steps"]]
    return shown


def _variable(variable: Any) -> Any:
    if not isinstance(variable, dict) or not variable.get("secure"):
        return variable
    return {key: value for key, value in variable.items() if key not in _VALUES}


def _step(step: Any) -> Any:
    """A step of a multistep API test."""
    match step:
        case {"request": dict()}:
            return {**step, "request": _request(step["request"])}
    return step


def _browser_step(step: Any) -> Any:
    """A step of a browser test; one of type `runApiTest` holds an API test's `config`."""
    match step:
        case {"params": {"request": {"config": dict()}}}:
            params = step["params"]
            api = params["request"]
            shown = {**api, "config": _config(api["config"])}
            return {**step, "params": {**params, "request": shown}}
    return step


def _request(request: Json) -> Json:
    shown: Json = dict(request)
    if isinstance(shown.get("certificate"), dict):
        shown["certificate"] = {
            part: _all_but_content(value) for part, value in shown["certificate"].items()
        }
    if isinstance(shown.get("url"), str):
        shown["url"] = _USERINFO.sub(lambda found: _hidden_userinfo(found[0]), shown["url"])
    for key in ("headers", "metadata"):
        if isinstance(shown.get(key), dict):
            hidden = mask_headers(shown[key])
            shown[key] = {
                name: value if value == hidden[name] else _hidden(value)
                for name, value in shown[key].items()
            }
    if isinstance(shown.get("basicAuth"), dict):
        shown["basicAuth"] = {
            key: value if key in _PUBLIC_OF_AUTH else _hidden(value)
            for key, value in shown["basicAuth"].items()
        }
    if isinstance(shown.get("proxy"), dict):
        shown["proxy"] = _request(shown["proxy"])
    return shown


def _hidden(credential: Any) -> Any:
    """The mask, unless the text holds nothing but variables: what a plan compares stays."""
    if not isinstance(credential, str) or not credential or _only_variables(credential):
        return credential
    return MASK


def _hidden_userinfo(text: str) -> str:
    _user, _, password = text.partition(":")
    return text if _only_variables(password or text) else MASK


def _only_variables(text: str) -> bool:
    return _ONLY_VARIABLES.fullmatch(text) is not None


def _all_but_content(part: Any) -> Any:
    """A certificate or its key: the file's name is shown."""
    if not isinstance(part, dict):
        return MASK
    return {key: value for key, value in part.items() if key != "content"}
