"""Which requests are answered at all.

The service sends requests and starts browsers for whoever asks, so that not everybody may ask.
Every web page that is open on the machine can: it sends what needs no permission of ours (a form,
`text/plain`), or whatever it likes once its own name leads here (DNS rebinding), and it loads
answers as if they were scripts. Each of these shows in a header that a page cannot choose: Host,
Origin, Sec-Fetch-Site or Content-Type. With a key the Host may be any: a page does not know it.
"""

from __future__ import annotations

import hmac
import ipaddress
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from starlette.requests import Request

from pytest_storedog_gate.local_synthetics.api.answers import errors

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

VALIDATE = "/api/v1/validate"
LARGEST_BODY = 16 * 1024 * 1024
"""Bytes of a request's body."""
_HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([\w.-]+))(?::[0-9]+)?", re.IGNORECASE | re.ASCII)
_JSON = re.compile(r"application/(?:[\w.-]+\+)?json\s*(?:;|$)", re.IGNORECASE)
# The others than POST are never sent by a page without being allowed to; DELETE has no body.
_WITHOUT_TYPE = ("GET", "HEAD", "OPTIONS", "DELETE")


@dataclass(frozen=True)
class Keys:
    """The keys that requests must carry; an empty one is not asked for."""

    api_key: str = field(default="", repr=False)
    app_key: str = field(default="", repr=False)

    def wanted(self, path: str) -> dict[str, str]:
        """Each key that is asked for at a path, by its header."""
        named = {"dd-api-key": self.api_key}
        if path != VALIDATE:  # clients send it the API key alone
            named["dd-application-key"] = self.app_key
        return {header: key for header, key in named.items() if key}


NO_KEYS = Keys()


class Admission:
    """Refuses, with one sentence, what may not come from whom it comes, or is too large."""

    def __init__(self, app: ASGIApp, keys: Keys, host: str) -> None:
        """`host` is the name or address that the service was told to listen on."""
        self._app = app
        self._keys = keys
        self._host = host.lower()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or let the application answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if refusal := self._refusal(Request(scope)):
            await errors(*refusal)(scope, receive, send)
            return
        try:
            body = await _body(receive)
        except ConnectionError:
            return  # nobody is there to be answered
        if body is None:
            sentence = f"the body is over {LARGEST_BODY} bytes; send less at once"
            await errors(413, sentence)(scope, receive, send)
            return
        await self._app(scope, _once(body, receive), send)

    def _refusal(self, request: Request) -> tuple[int, str] | None:
        headers = request.headers
        host, origin = headers.get("host", ""), headers.get("origin")
        if not all(
            hmac.compare_digest(headers.get(header, "").encode(), key.encode())
            for header, key in self._keys.wanted(request.scope["path"]).items()
        ):
            return 403, "Forbidden"
        if self._keys == NO_KEYS and not self._is_here(host, request.scope):
            return 403, (
                f"Host {host!r} is no name of this service without a key: ask by a loopback "
                "address or the one that it listens on, or set DD_API_KEY for the service"
            )
        if origin is not None and origin.partition("://")[2] != host:
            return 403, f"Origin {origin!r} is another site: only programs may ask"
        if (
            headers.get("sec-fetch-site") in ("cross-site", "same-site")
            and headers.get("sec-fetch-mode") != "navigate"
        ):
            return 403, "a page of another site asks: only programs may ask"
        kind = headers.get("content-type", "")
        if request.method not in _WITHOUT_TYPE and not _JSON.match(kind):
            return 415, f"Content-Type {kind!r} is not application/json; send the body as that"
        return None

    def _is_here(self, host: str, scope: Scope) -> bool:
        found = _HOST.fullmatch(host)
        if not found:
            return False
        name = (found[1] or found[2]).lower()
        if name in ("localhost", self._host):
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        # The address at which the connection arrived: no name was asked for it.
        arrived = scope.get("server") or ("", 0)
        return address.is_loopback or name == arrived[0]


async def _body(receive: Receive) -> bytes | None:
    """All of it; None for one that is too large, of which the rest is not waited for.

    Raises ConnectionError for one that ends before its end: a part may mean something else.
    """
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionError
        body += message.get("body", b"")
        if len(body) > LARGEST_BODY:
            return None
        if not message.get("more_body"):
            return bytes(body)


def _once(body: bytes, receive: Receive) -> Receive:
    """Gives the body as one message, then what still comes."""
    first: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def next_message() -> Message:
        return first.pop() if first else await receive()

    return next_message
