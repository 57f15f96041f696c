"""A definition as the API gives it back: without credentials and secure values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.local_synthetics.masking import MASK, mask_headers, mask_userinfo

if TYPE_CHECKING:
    from pytest_storedog_gate.local_synthetics.definitions import Definition, Json

_VALUES = {"pattern", "example", "value"}  # of a variable
_CONFIGURATION = {"config", "steps"}


def full_view(definition: Definition) -> Json:
    """What `GET /tests/{id}` answers."""
    config: Json = dict(definition.config)
    for key in ("configVariables", "variables"):
        if config.get(key):
            config[key] = _variables(config[key])
    if config.get("setCookie"):
        config["setCookie"] = MASK
    if config.get("request"):
        config["request"] = _request(config["request"])
    if config.get("steps"):
        config["steps"] = [_step(step) for step in config["steps"]]
    return {**definition.data, "config": config}


def short_view(definition: Definition) -> Json:
    """What a search answers for a test when it does not ask for its full configuration."""
    return {key: value for key, value in definition.data.items() if key not in _CONFIGURATION}


def _variables(variables: list[Json]) -> list[Json]:
    return [
        {key: value for key, value in one.items() if not (one.get("secure") and key in _VALUES)}
        for one in variables
    ]


def _step(step: Json) -> Json:
    """A step of a multistep API test."""
    request = step.get("request")
    return {**step, "request": _request(request)} if isinstance(request, dict) else step


def _request(request: Json) -> Json:
    shown: Json = {key: value for key, value in request.items() if key != "certificate"}
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
