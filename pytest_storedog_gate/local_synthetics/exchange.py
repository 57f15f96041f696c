"""One HTTP request with its redirects, timed by stage as Datadog reports it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any

import httpx

from pytest_storedog_gate.local_synthetics.failures import CheckFailed
from pytest_storedog_gate.local_synthetics.kinds.addresses import resolve
from pytest_storedog_gate.local_synthetics.network_failures import failure_of

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

_MAX_REDIRECTS = 10
_MAX_BODY = 10 * 1024 * 1024
_STAGES = {
    "connection.connect_tcp.complete": "tcp",
    "connection.start_tls.complete": "ssl",
    "http11.receive_response_headers.complete": "firstByte",
}


@dataclass(frozen=True)
class Request:
    """What to send, with every variable in place. `timeout` in seconds, for all of it."""

    method: str
    url: str
    headers: Mapping[str, str]
    content: str | None
    timeout: float
    follow_redirects: bool
    persist_cookies: bool


@dataclass
class Exchange:
    """What happened so far; complete once `perform` has returned. Timings in ms."""

    timings: dict[str, float] = field(default_factory=dict)
    resolved_ip: str | None = None
    redirects: list[dict[str, Any]] = field(default_factory=list)
    response: httpx.Response | None = None
    body: bytes = b""
    _last: float = 0.0

    async def perform(self, request: Request, tls: ssl.SSLContext) -> httpx.Response:
        """Send the request. Raises CheckFailed with one of Datadog's failure codes.

        The answer's body is in `body`.
        """
        transport = _TimedTransport(tls, self)
        async with httpx.AsyncClient(transport=transport, timeout=None, trust_env=False) as client:  # noqa: S113 the whole is limited below
            if not request.persist_cookies:
                client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
            started = self._last = time.perf_counter()
            try:
                async with asyncio.timeout(request.timeout):
                    return await self._follow(client, request)
            except TimeoutError:
                raise CheckFailed(
                    "TIMEOUT",
                    "The request couldn't be completed in a reasonable time: "
                    f"{request.timeout:g} s.",
                ) from None
            except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as error:
                raise failure_of(error) from None
            finally:
                self.timings["total"] = (time.perf_counter() - started) * 1000

    def lap(self, stage: str) -> None:
        """Count the time since the last lap as `stage`, in ms."""
        now = time.perf_counter()
        self.timings[stage] = self.timings.get(stage, 0.0) + (now - self._last) * 1000
        self._last = now

    async def _follow(self, client: httpx.AsyncClient, wanted: Request) -> httpx.Response:
        request = client.build_request(
            wanted.method, wanted.url, headers=wanted.headers, content=wanted.content
        )
        own_cookie = request.headers.get("cookie")
        while True:
            request.extensions["trace"] = self._trace
            response = await client.send(request, stream=True)
            self.response, self.body = response, await _read(response)
            self.lap("download")
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
            request, self.response = response.next_request, None

    async def _trace(self, event: str, _info: Mapping[str, Any]) -> None:
        if event in _STAGES:
            self.lap(_STAGES[event])


class _TimedTransport(httpx.AsyncHTTPTransport):
    """Resolves the host itself, so that DNS has a time of its own and the address is known."""

    def __init__(self, tls: ssl.SSLContext, exchange: Exchange) -> None:
        super().__init__(verify=tls)
        self._exchange = exchange

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.raw_host.decode("ascii")
        addresses = await resolve(host)
        self._exchange.lap("dns")
        for address in addresses[:-1]:
            try:
                return await self._send(request, host, address)
            except httpx.ConnectError as error:
                if failure_of(error).failure.code == "SSL":
                    raise
        return await self._send(request, host, addresses[-1])

    async def _send(self, request: httpx.Request, host: str, address: str) -> httpx.Response:
        self._exchange.resolved_ip = address
        pinned = httpx.Request(
            request.method,
            request.url.copy_with(host=address),
            headers=request.headers,
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": host},
        )
        return await super().handle_async_request(pinned)


async def _read(response: httpx.Response) -> bytes:
    body = bytearray()
    try:
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > _MAX_BODY:
                raise CheckFailed("BODY_TOO_LARGE", f"The body is over {_MAX_BODY} bytes.")
    finally:
        await response.aclose()
    return bytes(body)
