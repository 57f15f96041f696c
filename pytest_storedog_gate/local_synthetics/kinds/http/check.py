"""HTTP API tests (`type: api`, `subtype: http`)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

import h2  # noqa: F401 httpx asks for it only when a request is sent

from pytest_storedog_gate.local_synthetics.assertions.assertion import (
    HASHES,
    JSON_PATH,
    JSON_SCHEMA,
    XPATH,
)
from pytest_storedog_gate.local_synthetics.assertions.operators import ABSENCE, GENERAL
from pytest_storedog_gate.local_synthetics.failures import CheckFailed
from pytest_storedog_gate.local_synthetics.javascript.scripts import BEFORE, JAVASCRIPT
from pytest_storedog_gate.local_synthetics.kinds.common import allowed, probing, request_values
from pytest_storedog_gate.local_synthetics.kinds.http import connecting
from pytest_storedog_gate.local_synthetics.kinds.http.authentication import (
    authenticate,
    unsupported_authentication,
)
from pytest_storedog_gate.local_synthetics.kinds.http.bodies import build_body, unsupported_body
from pytest_storedog_gate.local_synthetics.kinds.http.exchange import Exchange, Request
from pytest_storedog_gate.local_synthetics.network.tls_contexts import context_for
from pytest_storedog_gate.secrets.places import mask_headers, mask_url

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

    from pytest_storedog_gate.local_synthetics.assertions.assertion import Operators
    from pytest_storedog_gate.local_synthetics.definitions.definition import Definition, Json
    from pytest_storedog_gate.local_synthetics.kinds.protocol import Outcome, Run
    from pytest_storedog_gate.local_synthetics.variables.variables import Variables

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Z-]+")  # RFC 9110, section 5.6.2
_HTTP_VERSIONS = ("any", "http1", "http2")
OPERATORS: Operators = {
    "statusCode": GENERAL,
    "header": GENERAL | ABSENCE,
    "body": GENERAL | {JSON_PATH, XPATH, JSON_SCHEMA},
    "bodyHash": HASHES,
    "responseTime": probing.ORDERED,
    JAVASCRIPT: frozenset(),
}


class HttpCheck(probing.ProbingCheck):
    """Sends one request and evaluates the assertions on its answer."""

    extractable: ClassVar = {"http_body": False, "http_header": True, "http_status_code": False}
    scriptable: ClassVar = True
    inherited: ClassVar = ("allow_insecure", "follow_redirects")
    fields: ClassVar = {
        "url": allowed.needed_text,
        **dict.fromkeys(("method", "body"), allowed.text),
        **dict.fromkeys(("headers", "query", "form"), allowed.texts),
        "timeout": allowed.seconds,
        "basicAuth": unsupported_authentication,
        "certificate": connecting.unsupported_certificate,
        "proxy": connecting.unsupported_proxy,
        **dict.fromkeys(
            (
                "bodyType", "files", "follow_redirects", "allow_insecure", "persistCookies",
                "noSavingResponseBody", "httpVersion",
            ),
            allowed.anything,
        ),
    }  # fmt: skip
    config_keys: ClassVar = ("request", "assertions", BEFORE)
    refused_options: ClassVar = ("checkCertificateRevocation",)
    operators: ClassVar = {"": OPERATORS}

    def unsupported(self, definition: Definition) -> list[str]:
        return [
            *super().unsupported(definition),
            *unsupported_body(definition.request),
            *_unsupported_version(definition),
            *self.equipment.scripts.unsupported(definition.config),
        ]

    async def run(self, run: Run, variables: Variables) -> Outcome:
        definition, scripts = run.definition, self.equipment.scripts
        await scripts.prepare(definition, variables)
        insecure = request_values.setting(definition, "allow_insecure")
        plain = tls = context_for("http", insecure=insecure)
        if definition.request.get("certificate"):
            pair = connecting.pair_of(definition.request, variables)
            tls = context_for("http", insecure=insecure, shown=pair)
            connecting.present(pair, tls)
        request = await _build(run, variables, plain)
        shown = {
            "method": request.method,
            "url": mask_url(request.url),
            "headers": mask_headers(request.headers),
            "timeout": round(request.timeout * 1000),
        }
        exchange = Exchange(detail={"request": shown})
        return await self.check(
            run,
            variables,
            exchange,
            exchange.perform(request, tls),
            exchange.actual,
            request.timeout,
            part=exchange.part,
            response=exchange.response,
        )


def _unsupported_version(definition: Definition) -> list[str]:
    version = request_values.setting(definition, "httpVersion") or "any"
    if version not in _HTTP_VERSIONS:
        return [f"httpVersion {version!r} is not supported"]
    auth = definition.request.get("basicAuth")
    if version == "http2" and isinstance(auth, dict) and auth.get("type") == "ntlm":
        return ["config.request.basicAuth type ntlm needs HTTP/1.1, not httpVersion http2"]
    return []


async def _build(run: Run, variables: Variables, tls: ssl.SSLContext) -> Request:
    """The request to send. Raises CheckFailed.

    `tls` is for the proxy and for the server that gives access tokens.
    """
    wanted = run.definition.request
    own = request_values.headers_of(wanted, variables)
    by_name = {name.lower(): value for name, value in own.items()}
    content, content_type = build_body(wanted, variables, by_name.get("content-type"))
    url, timeout = _url(run, variables), request_values.timeout_of(wanted, variables)
    proxy = connecting.proxy_of(wanted, variables, tls)

    async def ask(url: str, headers: Mapping[str, str], form: str) -> tuple[int, bytes]:
        request_values.checked_url(url, variables)
        request = Request("POST", url, headers, form, timeout, proxy=proxy)
        exchange = Exchange()
        try:
            await probing.within(timeout, exchange, exchange.perform(request, tls))
        except CheckFailed as failed:
            if failed.failure.inconclusive:
                raise
            raise CheckFailed(
                "AUTHENTICATION_ERROR", f"No access token: {failed.failure.message}"
            ) from None
        return exchange.status, exchange.content

    credentials, flow = await authenticate(wanted, variables, ask)
    headers = {"User-Agent": "Datadog/Synthetics", **credentials}
    if content_type:
        headers["Content-Type"] = content_type
    auth = wanted.get("basicAuth") or {}
    version = request_values.setting(run.definition, "httpVersion") or "any"
    return Request(
        method=_method(wanted, variables),
        url=url,
        headers={**{k: v for k, v in headers.items() if k.lower() not in by_name}, **own},
        content=content,
        timeout=timeout,
        follow_redirects=request_values.setting(run.definition, "follow_redirects"),
        persist_cookies=wanted.get("persistCookies", False),
        http_version="http1" if auth.get("type") == "ntlm" else version,
        auth=flow,
        proxy=proxy,
    )


def _method(wanted: Json, variables: Variables) -> str:
    method = variables.fill(wanted.get("method") or "GET").upper()
    if not _TOKEN.fullmatch(method):
        raise CheckFailed("INVALID_REQUEST", f"{method!r} is not a method of HTTP")
    return method


def _url(run: Run, variables: Variables) -> str:
    url = request_values.start_url(run, variables)
    query = request_values.named_texts(run.definition.request, "query", variables)
    parsed = request_values.checked_url(url, variables)
    try:
        return str(parsed.copy_merge_params(query)) if query else url
    except UnicodeError as error:
        raise CheckFailed("INVALID_REQUEST", f"config.request.query: {error}") from None
