"""The values of a request, with their variables: those that the kinds have in common."""

from __future__ import annotations

import ipaddress
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx

from pytest_storedog_gate.local_synthetics.assertions.operators import number
from pytest_storedog_gate.local_synthetics.failures import CheckFailed, InvalidTest
from pytest_storedog_gate.local_synthetics.javascript.regular_expressions import MatchTimeout
from pytest_storedog_gate.local_synthetics.variables.variables import filled
from pytest_storedog_gate.secrets.places import mask_host, mask_url

if TYPE_CHECKING:
    from collections.abc import Collection

    from pytest_storedog_gate.local_synthetics.definitions.definition import Definition, Json
    from pytest_storedog_gate.local_synthetics.kinds.protocol import Run
    from pytest_storedog_gate.local_synthetics.variables.variables import Variables

DEFAULT_TIMEOUT = 60.0  # s, Datadog's; 0 asks for it too
_LONGEST_TIMEOUT = 3600  # s
TIMEOUT_PROBLEM = f"config.request.timeout must be seconds from 0 to {_LONGEST_TIMEOUT}"
LAST_PORT = 65535
_URL = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_PORT = re.compile(
    r"[^/]*//(?:[^/?#]*@)?(?:\[[^\]]*\]|[^/?#:@]*)(?::(?:0*[1-9][0-9]{0,4})?)?(?:[/?#]|$)"
)
_SENDABLE = re.compile(r"[^\0\r\n]*")
# By the URL standard; and `%`, as some decode it and others ask the name server for it.
_NO_HOST = re.compile(r"[\0-\x20\x7f\s#/:<>?@\[\\\]^|%]")
_IN_BRACKETS = re.compile(r"\[[^\]]*:[^\]]*\]")
_LONGEST_NAME = 253


def checked_url(
    url: str,
    variables: Variables,
    what: str = "an http(s) URL",
    schemes: Collection[str] = ("http", "https"),
) -> httpx.URL:
    """A URL that can be asked; its password joins the secrets. Raises CheckFailed."""
    try:
        parsed = httpx.URL(url)
        shown, host = parsed.host, parsed.raw_host.decode()
    except (httpx.InvalidURL, UnicodeError) as error:
        raise CheckFailed("INVALID_REQUEST", f"{mask_url(url)!r}: {error}") from None
    usable = shown and is_host(host) and _PORT.match(url) and (parsed.port or 0) <= LAST_PORT
    if parsed.scheme not in schemes or not usable:
        raise CheckFailed("INVALID_REQUEST", f"{mask_url(url)!r} is not {what}")
    variables.secrets.add(parsed.password)
    return parsed


def start_url(run: Run, variables: Variables) -> str:
    """The URL of a request, rewritten as the trigger wants it. Raises InvalidTest."""
    url = variables.fill(run.definition.request["url"])
    try:
        return run.url_substitution.apply(url) if run.url_substitution else url
    except MatchTimeout as error:
        raise InvalidTest(f"startUrlSubstitutionRegex: {error}") from None


def host_of(request: Json, variables: Variables, key: str = "host") -> str:
    """The host name or address; of a URL, as which Datadog keeps many, its own.

    Raises CheckFailed, also where the port of a URL is another than the request's.
    """
    text, own = variables.fill(request[key]).strip(), request.get("port")
    host, port = _host_and_port(text)
    if port and own not in (None, "") and port != as_port(filled(own, variables.fill)):
        raise CheckFailed(
            "INVALID_REQUEST", f"{mask_url(text)!r} and config.request.port name two ports"
        )
    if _IN_BRACKETS.fullmatch(host):
        host = host[1:-1]
    if not is_host(host):
        raise CheckFailed("INVALID_REQUEST", f"{mask_host(host)!r} is no host name or address")
    return host


def port_of(request: Json, variables: Variables, default: int | None, key: str = "port") -> int:
    """The port, else that of a host that is a URL. Raises CheckFailed where it is none."""
    value = request.get(key)
    if value in (None, "") and key == "port":
        _, value = _host_and_port(variables.fill(request["host"]).strip())
    if value in (None, "") and default is not None:
        return default
    port = as_port(filled(value, variables.fill))
    if port is None:
        raise InvalidTest(f"config.request.{key} must be a port from 1 to {LAST_PORT}")
    return port


def _host_and_port(text: str) -> tuple[str, int | None]:
    """Those of a URL; of anything else the text itself."""
    if not _URL.match(text):
        return text, None
    try:
        host, port = urlsplit(text).netloc, urlsplit(text).port
    except ValueError as error:
        raise CheckFailed("INVALID_REQUEST", f"{mask_url(text)!r}: {error}") from None
    return (host, None) if port is None else (host.rpartition(":")[0], port)


def is_host(text: str) -> bool:
    """Whether it can be a name or an address."""
    with suppress(ValueError):
        return bool(ipaddress.ip_address(text.partition("%")[0]))
    if not text or _NO_HOST.search(text):
        return False
    try:
        name = text.encode("idna")  # knows empty labels and those that are too long
    except UnicodeError:
        return False
    return len(name) <= _LONGEST_NAME


def named_texts(request: Json, key: str, variables: Variables) -> dict[str, str]:
    """Headers, metadata or parameters with their variables."""
    return {
        variables.fill(name): variables.fill(value)
        for name, value in (request.get(key) or {}).items()
    }


def headers_of(request: Json, variables: Variables) -> dict[str, str]:
    """The headers with their variables. Raises CheckFailed for one that cannot be sent."""
    headers = named_texts(request, "headers", variables)
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
    seconds = as_timeout(filled(value, variables.fill))
    if seconds is None:
        raise InvalidTest(TIMEOUT_PROBLEM)
    return seconds or DEFAULT_TIMEOUT


def asserted(definition: Definition) -> set[str]:
    """The types of the assertions."""
    return {str(one.get("type")) for one in definition.config.get("assertions") or []}


def setting(definition: Definition, key: str) -> Any:
    """What a single test has in `options`, and a step of a multistep test in `request`."""
    return definition.options.get(key, definition.request.get(key, False))


def as_port(value: Any) -> int | None:
    """The port that a number or a string of one is; None: it is none."""
    port = number(value)
    if port is None or not 0 < port <= LAST_PORT or int(port) != port:
        return None
    return int(port)


def as_timeout(value: Any) -> float | None:
    """The seconds that a number or a string of one is; None: it is no time limit."""
    seconds = number(value)
    return seconds if seconds is not None and 0 <= seconds <= _LONGEST_TIMEOUT else None
