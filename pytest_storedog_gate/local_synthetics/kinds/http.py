"""HTTP API tests (`type: api`, `subtype: http`)."""

from __future__ import annotations

import base64
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import httpx

from pytest_storedog_gate.local_synthetics.assertions import (
    HASHES,
    JSON_PATH,
    JSON_SCHEMA,
    XPATH,
    NoValue,
)
from pytest_storedog_gate.local_synthetics.comparison import ABSENCE, GENERAL, NUMERIC, number
from pytest_storedog_gate.local_synthetics.evaluation import (
    evaluate_all,
    failure_of,
    unsupported_assertions,
)
from pytest_storedog_gate.local_synthetics.exchange import Exchange, Request
from pytest_storedog_gate.local_synthetics.failures import CheckFailed, InvalidTest
from pytest_storedog_gate.local_synthetics.kinds.protocol import Outcome, Run
from pytest_storedog_gate.local_synthetics.masking import mask, mask_headers, mask_userinfo
from pytest_storedog_gate.local_synthetics.regexes import MatchTimeout
from pytest_storedog_gate.local_synthetics.variables import Variables, has_placeholder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_storedog_gate.local_synthetics.assertions import Operators
    from pytest_storedog_gate.local_synthetics.definitions import Definition, Json

_DEFAULT_TIMEOUT = 60.0  # s, Datadog's; 0 asks for it too
_SHOWN_BODY = 50_000  # characters of a body that a result holds, Datadog's limit in bytes
_SHORTEST_CREDENTIAL = 8  # of a header: shorter ones would mask half the result
_LAST_PORT = 65535
_LONGEST_TIMEOUT = 3600  # s
_FORM = "application/x-www-form-urlencoded"
_BODY_TYPES = ("text/plain", "application/json", "text/xml", "text/html", _FORM)
_CONFIG_KEYS = {"request", "assertions", "configVariables"}
_REQUEST_KEYS = {
    "method", "url", "query", "headers", "body", "bodyType", "form", "basicAuth", "timeout",
    "follow_redirects", "allow_insecure", "persistCookies", "noSavingResponseBody", "httpVersion",
}  # fmt: skip
_SWITCHES = ("follow_redirects", "allow_insecure", "persistCookies", "noSavingResponseBody")
_DEFAULT_HEADERS = {"User-Agent": "Datadog/Synthetics"}
OPERATORS: Operators = {
    "statusCode": GENERAL,
    "header": GENERAL | ABSENCE,
    "body": GENERAL | {JSON_PATH, XPATH, JSON_SCHEMA},
    "bodyHash": HASHES,
    "responseTime": (NUMERIC & GENERAL) | {"is", "isNot"},
}


@dataclass(frozen=True)
class Observed:
    """What the assertions look at. Times in ms; header names in lower case."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes
    body: str
    timings: Mapping[str, float]

    def actual(self, assertion: Json) -> Any:
        """See `assertions.Actual`."""
        match assertion["type"]:
            case "statusCode":
                return self.status_code
            case "responseTime":
                without_dns = assertion.get("timingsScope") == "withoutDNS"
                dns = self.timings.get("dns", 0) if without_dns else 0
                return round(self.timings["total"] - dns, 3)
            case "header":
                return self._header(assertion["property"])
            case "bodyHash":
                return self.content
            case _:
                return self.body

    def part(self, kind: str, name: str) -> str:
        """See `protocol.Source`."""
        match kind:
            case "http_header":
                return self._header(name)
            case "http_status_code":
                return str(self.status_code)
            case _:
                return self.body

    def _header(self, name: str) -> str:
        value = self.headers.get(name.lower())
        if value is None:
            raise NoValue("the header is not there")
        return value


class HttpCheck:
    """Sends one request and evaluates the assertions on its answer."""

    extractable = frozenset({"http_body", "http_header", "http_status_code"})

    def __init__(self) -> None:
        # Made once: loading the system's authorities takes longer than many checks.
        self._verified = ssl.create_default_context()
        self._unverified = ssl.create_default_context()
        self._unverified.check_hostname = False
        self._unverified.verify_mode = ssl.CERT_NONE

    def unsupported(self, definition: Definition) -> list[str]:
        """See `Kind.unsupported`."""
        problems = [
            f"config.{key} is not supported"
            for key, value in definition.config.items()
            if key not in _CONFIG_KEYS and value
        ]
        problems += _unsupported_request(definition.request)
        options = definition.options
        if _setting(definition, "httpVersion", default="any") not in {"any", "http1"}:
            problems.append("httpVersion http2 is not supported")
        if options.get("checkCertificateRevocation"):
            problems.append("options.checkCertificateRevocation is not supported")
        problems += [
            f"options.{key} must be true or false"
            for key in ("follow_redirects", "allow_insecure")
            if not isinstance(options.get(key, False), bool)
        ]
        problems += unsupported_assertions(definition, OPERATORS)
        return problems

    async def run(self, run: Run, variables: Variables) -> Outcome:
        """See `Kind.run`."""
        definition = run.definition
        request = _build(run, variables)
        tls = (
            self._unverified
            if _setting(definition, "allow_insecure", default=False)
            else self._verified
        )
        exchange = Exchange()
        try:
            response = await exchange.perform(request, tls)
        except CheckFailed as failed:
            return Outcome(failed.failure, _detail(request, exchange, variables))
        keeps_body = not definition.request.get("noSavingResponseBody")
        observed = Observed(
            status_code=response.status_code,
            headers={name.lower(): value for name, value in response.headers.items()},
            content=exchange.body,
            body=_text(response, exchange.body),
            timings=exchange.timings,
        )
        await run.answered(observed.part)
        results = await evaluate_all(
            definition.config.get("assertions") or [],
            OPERATORS,
            observed.actual,
            variables,
            shown=lambda result: _shown(result, keeps_body=keeps_body),
        )
        detail = _detail(request, exchange, variables)
        detail["assertions"] = results
        if keeps_body:
            text = mask(observed.body, variables.secrets)
            detail["response"]["body"] = text[:_SHOWN_BODY]
            detail["response"]["is_body_truncated"] = len(text) > _SHOWN_BODY
        return Outcome(failure_of(results), detail)


def _unsupported_request(request: Json) -> list[str]:
    problems = [
        f"config.request.{key} is not supported"
        for key, value in request.items()
        if key not in _REQUEST_KEYS and value not in (None, "", [], {})
    ]
    if not isinstance(request.get("url"), str) or not request["url"]:
        problems.append("config.request.url must be a string that is not empty")
    if request.get("bodyType") and request["bodyType"] not in _BODY_TYPES:
        problems.append(f"config.request.bodyType {request['bodyType']!r} is not supported")
    if request.get("form") and request.get("body"):
        problems.append("config.request: form and body exclude each other")
    if request.get("form") and request.get("bodyType", _FORM) != _FORM:
        problems.append(f"config.request.form needs bodyType {_FORM}")
    problems += [
        f"config.request.{key} must be an object of strings"
        for key in ("headers", "query", "form")
        if not _is_map(request.get(key) or {})
    ]
    problems += [
        f"config.request.{key} must be a string"
        for key in ("method", "body")
        if not isinstance(request.get(key) or "", str)
    ]
    problems += [
        f"config.request.{key} must be true or false"
        for key in _SWITCHES
        if not isinstance(request.get(key, False), bool)
    ]
    return problems + _unsupported_auth(request) + _unsupported_timeout(request)


def _unsupported_auth(request: Json) -> list[str]:
    auth = request.get("basicAuth") or {}
    if not isinstance(auth, dict):
        return ["config.request.basicAuth must be an object"]
    if auth.get("type", "web") != "web":
        return [f"config.request.basicAuth type {auth['type']!r} is not supported"]
    if not _is_map(auth):
        return ["config.request.basicAuth must be an object of strings"]
    return []


def _unsupported_timeout(request: Json) -> list[str]:
    timeout = request.get("timeout") or 0
    seconds = number(timeout)
    if isinstance(timeout, str) and has_placeholder(timeout):
        return []
    if seconds is None or not 0 <= seconds <= _LONGEST_TIMEOUT:
        return [f"config.request.timeout must be seconds from 0 to {_LONGEST_TIMEOUT}"]
    return []


def _is_map(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(item, str) for item in value.values())


def _setting(definition: Definition, key: str, *, default: Any) -> Any:
    """A single test has it in `options`; a step of a multistep test has it in `request`."""
    return definition.options.get(key, definition.request.get(key, default))


def _build(run: Run, variables: Variables) -> Request:
    wanted, fill = run.definition.request, variables.fill
    headers = {**_DEFAULT_HEADERS}
    content, content_type = _content(wanted, variables)
    if content_type:
        headers["Content-Type"] = content_type
    if authorization := _authorization(wanted.get("basicAuth") or {}, variables):
        headers["Authorization"] = authorization
    own = {fill(name): fill(value) for name, value in (wanted.get("headers") or {}).items()}
    lower = {name.lower() for name in own}
    masked = mask_headers(own)
    variables.secrets |= {
        value
        for name, value in own.items()
        if masked[name] != value and len(value) >= _SHORTEST_CREDENTIAL
    }
    return Request(
        method=fill(wanted.get("method") or "GET").upper(),
        url=_url(run, variables),
        headers={**{k: v for k, v in headers.items() if k.lower() not in lower}, **own},
        content=content,
        timeout=_timeout(wanted, variables),
        follow_redirects=_setting(run.definition, "follow_redirects", default=False),
        persist_cookies=wanted.get("persistCookies", False),
    )


def _url(run: Run, variables: Variables) -> str:
    wanted = run.definition.request
    url = variables.fill(wanted["url"])
    if run.url_substitution:
        try:
            url = run.url_substitution.apply(url)
        except MatchTimeout as error:
            raise InvalidTest(f"startUrlSubstitutionRegex: {error}") from None
    query = {
        variables.fill(name): variables.fill(value)
        for name, value in (wanted.get("query") or {}).items()
    }
    try:
        parsed = httpx.URL(url)
        if (
            parsed.scheme not in {"http", "https"}
            or not parsed.host
            or (parsed.port or 0) > _LAST_PORT
        ):
            raise CheckFailed("INVALID_REQUEST", f"{mask_userinfo(url)!r} is not an http(s) URL")
        variables.secrets.add(parsed.password)
        return str(parsed.copy_merge_params(query)) if query else url
    except httpx.InvalidURL as error:
        raise CheckFailed("INVALID_REQUEST", f"{mask_userinfo(url)!r}: {error}") from None


def _content(wanted: Json, variables: Variables) -> tuple[str | None, str | None]:
    """The body and its content type."""
    if wanted.get("form"):
        form = {variables.fill(k): variables.fill(v) for k, v in wanted["form"].items()}
        return urlencode(form), _FORM
    if wanted.get("body"):
        return variables.fill(wanted["body"]), wanted.get("bodyType")
    return None, None


def _authorization(auth: Mapping[str, str], variables: Variables) -> str | None:
    if not auth.get("username") and not auth.get("password"):
        return None
    username = variables.fill(auth.get("username", ""))
    password = variables.fill(auth.get("password", ""))
    token = base64.b64encode(f"{username}:{password}".encode()).decode()
    variables.secrets |= {password, token}
    return f"Basic {token}"


def _timeout(wanted: Json, variables: Variables) -> float:
    timeout = wanted.get("timeout") or 0
    seconds = number(variables.fill(timeout) if isinstance(timeout, str) else timeout)
    if seconds is None or not 0 <= seconds <= _LONGEST_TIMEOUT:
        raise InvalidTest(f"config.request.timeout must be seconds from 0 to {_LONGEST_TIMEOUT}")
    return seconds or _DEFAULT_TIMEOUT


def _shown(result: Json, *, keeps_body: bool) -> Any:
    actual = result["actual"]
    if result["type"] == "header" and actual is not None:
        return mask_headers({result["property"]: actual})[result["property"]]
    return None if result["type"] == "body" and not keeps_body else actual


def _text(response: httpx.Response, body: bytes) -> str:
    return body.decode(response.encoding or "utf-8", errors="replace")


def _detail(request: Request, exchange: Exchange, variables: Variables) -> Json:
    detail: Json = {
        "request": {
            "method": request.method,
            "url": mask_userinfo(request.url),
            "headers": mask_headers(request.headers),
            "timeout": request.timeout,
        },
        "timings": {stage: round(ms, 3) for stage, ms in exchange.timings.items()},
        "assertions": [],
    }
    if exchange.resolved_ip:
        detail["resolved_ip"] = exchange.resolved_ip
    if exchange.response is not None:
        detail["response"] = _response(exchange, exchange.response)
    masked: Json = mask(detail, variables.secrets)
    return masked


def _response(exchange: Exchange, response: httpx.Response) -> Json:
    return {
        "status_code": response.status_code,
        "headers": mask_headers(dict(response.headers)),
        "http_version": response.http_version.removeprefix("HTTP/"),
        "body_size": len(exchange.body),
        "redirects": [
            {**redirect, "location": mask_userinfo(redirect["location"])}
            for redirect in exchange.redirects
        ],
    }
