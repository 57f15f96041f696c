"""What the keys of a definition may hold: the refusals that the kinds have in common.

A `Field` looks at one key of a request, or of what stands at another `place`, and names what is
wrong with its value.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pytest_storedog_gate.local_synthetics.assertions.evaluate_all import STEP
from pytest_storedog_gate.local_synthetics.assertions.operators import number
from pytest_storedog_gate.local_synthetics.definitions.known_keys import (
    CONFIG,
    OPTIONS,
    REQUEST,
    TEST,
    Value,
    key_faults_of_test,
)
from pytest_storedog_gate.local_synthetics.kinds.common.request_values import (
    LAST_PORT,
    TIMEOUT_PROBLEM,
    as_port,
    as_timeout,
)
from pytest_storedog_gate.local_synthetics.variables.variables import has_placeholder

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from pytest_storedog_gate.local_synthetics.definitions.definition import Definition, Json

Field = Callable[["Json", str], list[str]]


def anything(_request: Json, _key: str) -> list[str]:
    """Takes any value: the kind looks at it itself."""
    return []


def text(holder: Json, key: str, place: str = "config.request") -> list[str]:
    """Takes a string, or none."""
    fits = isinstance(holder.get(key), str | None)
    return [] if fits else [f"{place}.{key} must be a string"]


def needed_text(holder: Json, key: str, place: str = "config.request") -> list[str]:
    """Takes a string that is not empty."""
    fits = isinstance(holder.get(key), str) and holder[key]
    return [] if fits else [f"{place}.{key} must be a string that is not empty"]


def texts(holder: Json, key: str, place: str = "config.request") -> list[str]:
    """Takes an object of strings, or none."""
    value = {} if holder.get(key) is None else holder[key]
    fits = isinstance(value, dict) and all(isinstance(item, str) for item in value.values())
    return [] if fits else [f"{place}.{key} must be an object of strings"]


def port(request: Json, key: str) -> list[str]:
    """Takes a port, or none."""
    return [] if request.get(key) in (None, "") else needed_port(request, key)


def needed_port(request: Json, key: str) -> list[str]:
    """Takes a port: a number, or a string of one, as Terraform writes it."""
    value = request.get(key)
    if (isinstance(value, str) and has_placeholder(value)) or as_port(value):
        return []
    return [f"config.request.{key} must be a port from 1 to {LAST_PORT}"]


def seconds(request: Json, key: str) -> list[str]:
    """Takes a time limit, or none."""
    value = request.get(key) or 0
    if (isinstance(value, str) and has_placeholder(value)) or as_timeout(value) is not None:
        return []
    return [TIMEOUT_PROBLEM]


def seconds_up_to(longest: int, value: Any, place: str) -> list[str]:
    """Refuse what is no time in seconds that can be waited for."""
    seconds = number(value)
    fits = seconds is not None and 0 <= seconds <= longest
    return [] if fits else [f"{place} must be seconds from 0 to {longest}"]


def web_user(request: Json, key: str) -> list[str]:
    """Takes a user's name and password, or none."""
    problems, auth = texts(request, key), request.get(key) or {}
    if isinstance(auth, dict) and auth.get("type", "web") != "web":
        problems.append(f"config.request.{key} type {auth['type']!r} is not supported")
    return problems


def unsupported_parts(
    definition: Definition,
    fields: Mapping[str, Field],
    *,
    config: Collection[str] = ("request", "assertions"),
    options: Iterable[str] = (),
    own: Collection[str] = (),
) -> list[str]:
    """Name each key that no test has, each in use that the kind would pass over, and bad values.

    `fields` and `config`: the keys of a request and beside it that the kind has; `options`: those
    that it cannot honour; `own`: those of requests that Datadog does not have, and other kinds may.
    """
    has = {*config, "configVariables"}
    others = (REQUEST.keys() | own) - fields.keys()
    return [
        # Those of a step are named with its test's.
        *(key_faults_of_test(definition.data, own) if definition.type != STEP else ()),
        *_unsupported_own(definition),
        *passed_over("", definition.data, TEST, ["steps"] if definition.type == "api" else []),
        *passed_over("config.", definition.config, CONFIG, CONFIG.keys() - has),
        *passed_over("config.request.", definition.request, REQUEST, others),
        *passed_over("options.", definition.options, OPTIONS, [*options, "forwardProxy"]),
        *(problem for key, field in fields.items() for problem in field(definition.request, key)),
    ]


def _unsupported_own(definition: Definition) -> list[str]:
    """Name what is not supported of the keys that this project adds."""
    own: Json = definition.data.get("storedog") or {}
    problems = []
    if own.get("click_through") and definition.type != "browser":
        problems.append("storedog.click_through is not supported: it is for browser tests")
    if own.get("files"):
        problems.append(
            "storedog.files is not supported here: it is read with a definition's file, not from"
            " what the API is sent"
        )
    return problems


def passed_over(
    place: str, holder: Json, shape: Mapping[str, Any], unused: Iterable[str]
) -> list[str]:
    """Name those of the keys that are `unused` here but say more than their absence would."""
    wanted = set(unused)
    return [
        f"{place}{key} is not supported"
        for key, value in holder.items()
        if key in wanted
        and not (value is None or value in ("", [], {}))
        and not (value is False and shape.get(key) is Value.FLAG)
    ]
