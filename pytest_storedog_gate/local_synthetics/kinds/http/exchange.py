"""One HTTP request with its redirects, timed by stage as Datadog reports it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any

import httpx

from pytest_storedog_gate.local_synthetics.failures import CheckFailed
from pytest_storedog_gate.local_synthetics.kinds.http.bounded_answers import (
    ENCODINGS,
    BoundedTransport,
    encoding,
)
from pytest_storedog_gate.local_synthetics.network.addresses import resolve
from pytest_storedog_gate.local_synthetics.network.failures import network_failure
from pytest_storedog_gate.local_synthetics.network.stopwatch import Stopwatch

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

_MAX_REDIRECTS = 10
_MAX_BODY = 10 * 1024 * 1024
_STAGES = {
    "connection.connect_tcp.complete": "tcp",
    "connection.start_tls.complete": "ssl",
    "proxy.start_tls.complete": "ssl",
    "http11.receive_response_headers.complete": "firstByte",
    "http2.receive_response_headers.complete": "firstByte",
}
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
class Exchange(Stopwatch):
    """What happened so far; complete once `perform` has returned."""

    resolved_ip: str | None = None
    redirects: list[dict[str, Any]] = field(default_factory=list)
    response: httpx.Response | None = None
    body: bytes = b""

    async def perform(self, request: Request, tls: ssl.SSLContext) -> httpx.Response:
        """Send the request. Raises CheckFailed with one of Datadog's failure codes.

        The answer's body is in `body`.
        """
        transport = _TimedTransport(tls, self, request)
        async with httpx.AsyncClient(
            transport=transport,
            headers={"Accept-Encoding": ", ".join(ENCODINGS)},
            timeout=None,  # noqa: S113 the whole is limited below
            trust_env=False,
        ) as client:
            if not request.persist_cookies:
                client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
            self.restart()
            try:
                async with asyncio.timeout(request.timeout):
                    return await self._follow(client, request)
            except TimeoutError:
                raise CheckFailed(
                    "TIMEOUT",
                    "The request couldn't be completed in a reasonable time: "
                    f"{request.timeout:g} s.",
                ) from None
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
            finally:
                self.finish()

    async def _follow(self, client: httpx.AsyncClient, wanted: Request) -> httpx.Response:
        request = client.build_request(
            wanted.method, wanted.url, headers=wanted.headers, content=wanted.content
        )
        own_cookie = request.headers.get("cookie")
        first = request.url
        while True:
            request.extensions["trace"] = self._trace
            auth = wanted.auth if _same_origin(request.url, first) else None
            response = await client.send(request, stream=True, auth=auth)
            self.response, self.body = response, await _read(response)
            self.lap("download")
            if wanted.proxy and response.status_code == _NO_AUTHORITY:
                raise CheckFailed("TUNNEL", f"The proxy wants other credentials: {_NO_AUTHORITY}.")
            unread = _encodings(response.headers.get("content-encoding", "")) - {*ENCODINGS}
            if unread and self.body:
                # Nothing may be asserted about a body that cannot be read.
                raise CheckFailed(
                    "MALFORMED_RESPONSE", f"The body cannot be decoded: {', '.join(sorted(unread))}"
                )
            if not wanted.follow_redirects or response.next_request is None:
                return response
            if len(self.redirects) == _MAX_REDIRECTS:
                raise CheckFailed("TOO_MANY_REDIRECTS", f"More than {_MAX_REDIRECTS} redirects.")
            self.redirects.append(
                {"location": response.headers["location"], "status_code": response.status_code}
            )
            self.timings = {"redirect": sum(self.timings.values())}
            if own_cookie and response.next_request.url.host == request.url.host:
                # httpx forgets the header at every redirect; browsers keep it within a host.
                received = response.next_request.headers.get("cookie")
                cookies = [own_cookie, received] if received else [own_cookie]
                response.next_request.headers["cookie"] = "; ".join(cookies)
            if not _same_origin(response.next_request.url, request.url):
                for name in _CREDENTIALS:
                    response.next_request.headers.pop(name, None)
            request, self.response = response.next_request, None

    async def _trace(self, event: str, _info: Mapping[str, Any]) -> None:
        if event in _STAGES:
            self.lap(_STAGES[event])


class _TimedTransport(BoundedTransport):
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
        self._exchange.resolved_ip = address
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


def _encodings(header: str) -> set[str]:
    return set(map(encoding, header.split(","))) - {"", "identity"}


async def _read(response: httpx.Response) -> bytes:
    try:
        return await response.aread()
    finally:
        await response.aclose()
