"""A definition as the API gives it back: without credentials and secure values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.local_synthetics.definitions import Definition
from pytest_storedog_gate.local_synthetics.masking import MASK, mask_headers, mask_userinfo
from pytest_storedog_gate.local_synthetics.secretless import secretless

if TYPE_CHECKING:
    from pytest_storedog_gate.local_synthetics.definitions import Json

_VALUES = {"pattern", "example", "value"}  # of a variable
_STEPS = {"steps", "stepCount"}
_OF_THE_SERVICE = {"status"}  # a deployed file lets no paused test live
_CONFIGURATION = {"config", *_STEPS}


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


def _config(config: Json) -> Json:
    shown: Json = dict(config)
    for key in ("configVariables", "variables"):
        if isinstance(shown.get(key), list):
            shown[key] = [_variable(one) for one in shown[key]]
    if shown.get("setCookie"):
        shown["setCookie"] = MASK
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
        case {"subtest": {"config": dict()}}:
            return {**step, "subtest": full_view(Definition(step["subtest"]))}
    return step


def _browser_step(step: Any) -> Any:
    """A step of a browser test; one of type `runApiTest` holds an API test's `config`."""
    match step:
        case {"params": {"request": {"config": dict()}}}:
            params = step["params"]
            api = params["request"]
            shown = {**api, "config": _config(api["config"])}
            return {**step, "params": {**params, "request": shown}}
        case {"params": {"subtest": {"config": dict()}}}:
            shown = full_view(Definition(step["params"]["subtest"]))
            return {**step, "params": {**step["params"], "subtest": shown}}
    return step


def _request(request: Json) -> Json:
    shown: Json = dict(request)
    if isinstance(shown.get("certificate"), dict):
        shown["certificate"] = {
            part: _all_but_content(value) for part, value in shown["certificate"].items()
        }
    if isinstance(shown.get("url"), str):
        shown["url"] = mask_userinfo(shown["url"])
    for key in ("headers", "metadata"):
        if isinstance(shown.get(key), dict):
            shown[key] = mask_headers(shown[key])
    if isinstance(shown.get("basicAuth"), dict):
        shown["basicAuth"] = _all_but_type(shown["basicAuth"])
    if isinstance(shown.get("proxy"), dict):
        shown["proxy"] = _request(shown["proxy"])
    return shown


def _all_but_type(auth: Json) -> dict[str, Any]:
    return {key: value if key == "type" else MASK for key, value in auth.items()}


def _all_but_content(part: Any) -> Any:
    """A certificate or its key: the file's name is shown."""
    if not isinstance(part, dict):
        return MASK
    return {key: value for key, value in part.items() if key != "content"}
