"""Reading the parts of a definition that the kinds have in common."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

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
from pytest_storedog_gate.local_synthetics.failures import CheckFailed, InvalidTest
from pytest_storedog_gate.local_synthetics.variables.variables import has_placeholder
from pytest_storedog_gate.secrets.places import mask_host, mask_url

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from pytest_storedog_gate.local_synthetics.definitions.definition import Definition, Json
    from pytest_storedog_gate.local_synthetics.variables.variables import Variables

DEFAULT_TIMEOUT = 60.0  # s, Datadog's; 0 asks for it too
_LONGEST_TIMEOUT = 3600  # s
_LAST_PORT = 65535
_URL = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_SENDABLE = re.compile(r"[^\0\r\n]*")
_NO_HOST = re.compile(r"[\s/@?#]")


def unsupported_keys(
    definition: Definition,
    request: Collection[str],
    *,
    config: Collection[str] = ("request", "assertions"),
    options: Iterable[str] = (),
) -> list[str]:
    """Name each key that no test has, and each in use that the kind would pass over.

    `request` and `config`: the keys that the kind has; `options`: those that it cannot honour.
    """
    has = {*config, "configVariables"}
    return [
        # Those of a step are named with its test's.
        *(key_faults_of_test(definition.data) if definition.type != STEP else ()),
        *_unsupported_own(definition),
        *passed_over("", definition.data, TEST, ["steps"] if definition.type == "api" else []),
        *passed_over("config.", definition.config, CONFIG, CONFIG.keys() - has),
        *passed_over("config.request.", definition.request, REQUEST, REQUEST.keys() - set(request)),
        *passed_over("options.", definition.options, OPTIONS, [*options, "forwardProxy"]),
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
        and not (value is False and shape[key] is Value.FLAG)
    ]


def unsupported_strings(request: Json, *keys: str) -> list[str]:
    """Name those of `keys` that are given and no strings."""
    return [
        f"config.request.{key} must be a string"
        for key in keys
        if not isinstance(request.get(key), str | None)
    ]


def unsupported_map(request: Json, key: str) -> list[str]:
    """Refuse anything but an object of strings."""
    value = {} if request.get(key) is None else request[key]
    if isinstance(value, dict) and all(isinstance(item, str) for item in value.values()):
        return []
    return [f"config.request.{key} must be an object of strings"]


def unsupported_required(request: Json, key: str) -> list[str]:
    """Refuse anything but a string that is not empty."""
    if isinstance(request.get(key), str) and request[key]:
        return []
    return [f"config.request.{key} must be a string that is not empty"]


def unsupported_port(request: Json, key: str = "port", *, required: bool = False) -> list[str]:
    """Refuse what can be no port: a number, or a string of one, as Terraform writes it."""
    value = request.get(key)
    if value in (None, "") and not required:
        return []
    if isinstance(value, str) and has_placeholder(value):
        return []
    return [] if _port(value) else [f"config.request.{key} must be a port from 1 to {_LAST_PORT}"]


def unsupported_timeout(request: Json) -> list[str]:
    """Refuse what can be no time limit."""
    value = request.get("timeout") or 0
    if isinstance(value, str) and has_placeholder(value):
        return []
    return [] if _seconds(value) is not None else [_timeout_problem()]


def unsupported_properties(definition: Definition, kind: str, what: str) -> list[str]:
    """Refuse assertions of that kind whose `property` names nothing; `what` it would name."""
    return [
        f"config.assertions[{index}]: property must name {what}"
        for index, assertion in enumerate(definition.config.get("assertions") or [])
        if assertion.get("type") == kind and not isinstance(assertion.get("property"), str)
    ]


def host_of(request: Json, variables: Variables, key: str = "host") -> str:
    """The host name or address; of a URL, as which Datadog keeps many, its own.

    Raises CheckFailed.
    """
    host = variables.fill(request[key]).strip()
    if _URL.match(host):
        host = _host_in(host, request, variables)
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    if not host or _NO_HOST.search(host):
        raise CheckFailed("INVALID_REQUEST", f"{mask_host(host)!r} is no host name or address")
    return host


def _host_in(url: str, request: Json, variables: Variables) -> str:
    """The host of a URL. Raises CheckFailed where its port is another than the request's."""
    own, port = request.get("port"), _port_in(url)
    if own not in (None, "") and port not in (None, _port(_filled(own, variables))):
        raise CheckFailed(
            "INVALID_REQUEST", f"{mask_url(url)!r} and config.request.port name two ports"
        )
    host = urlsplit(url).netloc
    return host if port is None else host.rpartition(":")[0]


def _port_in(url: str) -> int | None:
    try:
        return urlsplit(url).port
    except ValueError as error:
        raise CheckFailed("INVALID_REQUEST", f"{mask_url(url)!r}: {error}") from None


def _filled(value: Any, variables: Variables) -> Any:
    return variables.fill(value) if isinstance(value, str) else value


def port_of(request: Json, variables: Variables, default: int | None, key: str = "port") -> int:
    """The port, else that of a host that is a URL. Raises CheckFailed where it is none."""
    value = request.get(key)
    host = variables.fill(request["host"]).strip()
    if value in (None, "") and key == "port" and _URL.match(host):
        value = _port_in(host)
    if value in (None, "") and default is not None:
        return default
    port = _port(_filled(value, variables))
    if port is None:
        raise InvalidTest(f"config.request.{key} must be a port from 1 to {_LAST_PORT}")
    return port


def filled(request: Json, key: str, variables: Variables) -> dict[str, str]:
    """Headers or metadata with their variables."""
    return {
        variables.fill(name): variables.fill(value)
        for name, value in (request.get(key) or {}).items()
    }


def headers_of(request: Json, variables: Variables) -> dict[str, str]:
    """The headers with their variables. Raises CheckFailed for one that cannot be sent."""
    headers = filled(request, "headers", variables)
    for name, value in headers.items():
        if not (name.isascii() and value.isascii() and _SENDABLE.fullmatch(value)):
            raise CheckFailed(
                "INVALID_REQUEST",
                f"config.request.headers {name!r} holds characters that cannot be sent: only ASCII"
                " without line breaks can",
            )
    return headers


def timeout_of(request: Json, variables: Variables) -> float:
    """The time limit of the whole request in seconds. Raises InvalidTest."""
    value = request.get("timeout") or 0
    seconds = _seconds(_filled(value, variables))
    if seconds is None:
        raise InvalidTest(_timeout_problem())
    return seconds or DEFAULT_TIMEOUT


def setting(definition: Definition, key: str) -> bool:
    """A switch: a single test has it in `options`, a step of a multistep test in `request`."""
    return bool(definition.options.get(key, definition.request.get(key, False)))


def _port(value: Any) -> int | None:
    port = number(value)
    if port is None or not 0 < port <= _LAST_PORT or int(port) != port:
        return None
    return int(port)


def _seconds(value: Any) -> float | None:
    seconds = number(value)
    return seconds if seconds is not None and 0 <= seconds <= _LONGEST_TIMEOUT else None


def _timeout_problem() -> str:
    return f"config.request.timeout must be seconds from 0 to {_LONGEST_TIMEOUT}"
