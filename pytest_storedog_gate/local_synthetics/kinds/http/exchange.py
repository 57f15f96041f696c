"""One HTTP request with its redirects, timed by stage as Datadog reports it."""

from __future__ import annotations

from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any

import httpx

from pytest_storedog_gate.local_synthetics.assertions.assertion import named
from pytest_storedog_gate.local_synthetics.failures import CheckFailed
from pytest_storedog_gate.local_synthetics.kinds.http import bounded_answers
from pytest_storedog_gate.local_synthetics.network.addresses import resolve
from pytest_storedog_gate.local_synthetics.network.failures import network_failure
from pytest_storedog_gate.local_synthetics.network.stopwatch import Sighting
from pytest_storedog_gate.secrets.places import mask_headers, mask_url

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

    from pytest_storedog_gate.local_synthetics.definitions.definition import Json

_MAX_REDIRECTS = 10
_MAX_BODY = 10 * 1024 * 1024
_STAGES = {
    "connection.connect_tcp.complete": "tcp",
    "connection.start_tls.complete": "ssl",
    "proxy.start_tls.complete": "ssl",
    "http11.receive_response_headers.complete": "firstByte",
    "http2.receive_response_headers.complete": "firstByte",
}
_ASSERTED = {"http_header": "header", "http_status_code": "statusCode"}
_NO_AUTHORITY = 407  # "Proxy Authentication Required"
_CREDENTIALS = ("x-amz-security-token",)  # httpx itself keeps Authorization from other origins


@dataclass(frozen=True)
class Request:
    """What to send, with every variable in place. `timeout` in seconds, for all of it.

    `http_version`: `http1`, `http2`, or `any` for what the server prefers (HTTP/1.1 without TLS).
    `auth` works on the requests to the first origin only.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    content: str | bytes | None
    timeout: float
    follow_redirects: bool = False
    persist_cookies: bool = False
    http_version: str = "any"
    auth: httpx.Auth | None = None
    proxy: httpx.Proxy | None = None


@dataclass
class Answer:
    """What assertions look at; header names in lower case."""

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str = ""

    def part(self, kind: str, name: str) -> str:
        return str(self.actual({"type": _ASSERTED.get(kind, "body"), "property": name}))

    def actual(self, assertion: Json) -> Any:
        match assertion["type"]:
            case "statusCode":
                return self.status
            case "header":
                return named(self.headers, assertion["property"])
            case _:
                return self.text


@dataclass
class Exchange(Sighting, Answer):
    """What happened so far; the answer is here once `perform` has returned."""

    content: bytes = b""
    redirects: list[Json] = field(default_factory=list)

    def actual(self, assertion: Json) -> Any:
        return self.content if assertion["type"] == "bodyHash" else super().actual(assertion)

    def response(self) -> Json:
        """What scripts know as `dd.response`."""
        return {"statusCode": self.status, "headers": dict(self.headers), "body": self.text}

    async def perform(self, request: Request, tls: ssl.SSLContext) -> None:
        """Send the request. Raises CheckFailed with one of Datadog's failure codes.

        The time that it takes is for `within` to limit.
        """
        async with bounded_answers.bounded_client(_TimedTransport(tls, self, request)) as client:
            if not request.persist_cookies:
                client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
            try:
                await self._follow(client, request)
            except httpx.ProxyError as error:
                raise CheckFailed("TUNNEL", f"The proxy opens no tunnel: {error}") from None
            except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as error:
                if type(error) is httpx.ProtocolError:  # of DigestAuth; others are subclasses
                    raise _unmet_challenge(error) from None
                failed = network_failure(error)
                answered = self.redirects or "firstByte" in self.timings
                if answered and failed.failure.inconclusive:
                    # The target led there, and not the test.
                    raise CheckFailed(
                        "MALFORMED_RESPONSE", f"The redirect leads nowhere: {failed}"
                    ) from None
                raise failed from None
            except (NotImplementedError, KeyError) as error:  # of DigestAuth
                if request.auth is None:
                    raise
                raise _unmet_challenge(error) from None

    async def _follow(self, client: httpx.AsyncClient, wanted: Request) -> None:
        request = client.build_request(
            wanted.method, wanted.url, headers=wanted.headers, content=wanted.content
        )
        own_cookie = request.headers.get("cookie")
        first = request.url
        while True:
            request.extensions["trace"] = self._trace
            auth = wanted.auth if _same_origin(request.url, first) else None
            response = await client.send(request, stream=True, auth=auth)
            await self._read(response)
            self.lap("download")
            if wanted.proxy and response.status_code == _NO_AUTHORITY:
                raise CheckFailed("TUNNEL", f"The proxy wants other credentials: {_NO_AUTHORITY}.")
            packed = response.headers.get("content-encoding", "")
            unread = bounded_answers.unknown_encodings(packed)
            if unread and self.content:
                # Nothing may be asserted about a body that cannot be read.
                raise CheckFailed(
                    "MALFORMED_RESPONSE", f"The body cannot be decoded: {', '.join(sorted(unread))}"
                )
            following = response.next_request
            if not wanted.follow_redirects or following is None:
                self.detail["response"]["body"] = self.text
                return
            if len(self.redirects) == _MAX_REDIRECTS:
                raise CheckFailed("TOO_MANY_REDIRECTS", f"More than {_MAX_REDIRECTS} redirects.")
            location = mask_url(response.headers["location"])
            self.redirects.append({"location": location, "status_code": response.status_code})
            self.timings = {"redirect": sum(self.timings.values())}
            if own_cookie and following.url.host == request.url.host:
                # httpx forgets the header at every redirect; browsers keep it within a host.
                cookies = filter(None, (own_cookie, following.headers.get("cookie")))
                following.headers["cookie"] = "; ".join(cookies)
            if not _same_origin(following.url, request.url):
                for name in _CREDENTIALS:
                    following.headers.pop(name, None)
            request = following
            del self.detail["response"]

    async def _read(self, response: httpx.Response) -> None:
        try:
            self.content = await response.aread()
        finally:
            await response.aclose()
        self.status = response.status_code
        self.headers = dict(response.headers)
        self.text = self.content.decode(response.encoding or "utf-8", errors="replace")
        self.detail["response"] = {
            "status_code": response.status_code,
            "headers": mask_headers(self.headers),
            "http_version": response.http_version.removeprefix("HTTP/"),
            "body_size": len(self.content),
            "redirects": self.redirects,
        }

    async def _trace(self, event: str, _info: Mapping[str, Any]) -> None:
        if event in _STAGES:
            self.lap(_STAGES[event])


class _TimedTransport(bounded_answers.BoundedTransport):
    """Resolves the host itself, so that DNS has a time of its own and the address is known.

    A proxy resolves the hosts of its clients.
    """

    def __init__(self, tls: ssl.SSLContext, exchange: Exchange, wanted: Request) -> None:
        super().__init__(
            limit=_MAX_BODY,
            verify=tls,
            http1=wanted.http_version != "http2",
            http2=wanted.http_version != "http1",
            proxy=wanted.proxy,
        )
        self._exchange = exchange
        self._proxied = wanted.proxy is not None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self._proxied:
            return await super().handle_async_request(request)
        host = request.url.raw_host.decode("ascii")
        addresses = await resolve(host)
        self._exchange.lap("dns")
        for address in addresses[:-1]:
            try:
                return await self._send(request, host, address)
            except httpx.ConnectError as error:
                if network_failure(error).failure.code == "SSL":
                    raise
        return await self._send(request, host, addresses[-1])

    async def _send(self, request: httpx.Request, host: str, address: str) -> httpx.Response:
        self._exchange.detail["resolved_ip"] = address
        pinned = httpx.Request(
            request.method,
            request.url.copy_with(host=address),
            headers=request.headers,
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": host.removesuffix(".")},
        )
        return await super().handle_async_request(pinned)


def _unmet_challenge(error: Exception) -> CheckFailed:
    reason = f"the server's challenge cannot be met ({error})"
    return CheckFailed("AUTHENTICATION_ERROR", f"The request was not authenticated: {reason}.")


def _same_origin(one: httpx.URL, other: httpx.URL) -> bool:
    return (one.scheme, one.host, one.port) == (other.scheme, other.host, other.port)
