"""WebSocket API tests (`type: api`, `subtype: websocket`): a message, and the first answer."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidMessage,
    InvalidStatus,
    InvalidURI,
    PayloadTooBig,
)

from pytest_storedog_gate.local_synthetics.assertions.assertion import named
from pytest_storedog_gate.local_synthetics.assertions.operators import ABSENCE, GENERAL
from pytest_storedog_gate.local_synthetics.failures import CheckFailed, InvalidTest
from pytest_storedog_gate.local_synthetics.kinds.common import allowed, request_values
from pytest_storedog_gate.local_synthetics.kinds.common.probing import (
    ORDERED,
    TEXTUAL,
    ProbingCheck,
    cut,
    joined,
)
from pytest_storedog_gate.local_synthetics.network import addresses
from pytest_storedog_gate.local_synthetics.network.stopwatch import Sighting
from pytest_storedog_gate.local_synthetics.network.tls_contexts import context_for
from pytest_storedog_gate.secrets.places import mask_headers, mask_url

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

    from pytest_storedog_gate.local_synthetics.definitions.definition import Definition, Json
    from pytest_storedog_gate.local_synthetics.kinds.protocol import Outcome, Run
    from pytest_storedog_gate.local_synthetics.variables.variables import Variables

_LARGEST = 1024 * 1024  # bytes of an answer
_PORTS = {"ws": 80, "wss": 443}
_NO_DIGIT = re.compile(r"[^A-Za-z0-9+/_-]")
_URL_SAFE = str.maketrans("-_", "+/")
_GOODBYE = 1  # s for the other side to close


@dataclass(frozen=True, slots=True)
class _Target:
    url: str
    scheme: str
    host: str
    port: int
    headers: Mapping[str, str]
    message: str | bytes
    answered: bool  # whether a message is waited for


@dataclass(slots=True)
class _Found:
    """What the assertions look at; header names in lower case."""

    message: str | None = None
    headers: dict[str, str] = field(default_factory=dict)


def _user(request: Json, key: str) -> list[str]:
    problems = allowed.texts(request, key)
    auth = request.get(key) or {}
    if isinstance(auth, dict) and auth.get("type", "web") != "web":
        problems.append(f"config.request.{key} type {auth['type']!r} is not supported")
    return problems


class WebsocketCheck(ProbingCheck):
    """Opens a WebSocket, sends the message and evaluates the assertions on what comes back."""

    fields: ClassVar = {
        "url": allowed.needed_text, "message": allowed.text,
        "isMessageBase64Encoded": allowed.anything, "headers": allowed.texts, "basicAuth": _user,
        "timeout": allowed.seconds, "allow_insecure": allowed.anything,
    }  # fmt: skip
    operators: ClassVar = {
        "": {"receivedMessage": TEXTUAL, "header": GENERAL | ABSENCE, "responseTime": ORDERED}
    }

    async def run(self, run: Run, variables: Variables) -> Outcome:
        """See `Kind`."""
        definition = run.definition
        target = _target(definition, variables)
        timeout = request_values.timeout_of(definition.request, variables)
        text = variables.fill(definition.request.get("message") or "")
        shown = {
            "url": mask_url(target.url),
            "headers": mask_headers(target.headers),
            "message": cut(text, variables)[0],
            "timeout": round(timeout * 1000),
        }
        seen, found = Sighting({"request": shown}), _Found()
        context = _context(target, insecure=request_values.setting(definition, "allow_insecure"))
        probe = _probe(target, context, seen, found, variables)
        return await self.check(run, variables, seen, probe, partial(_actual, found), timeout)


def _target(definition: Definition, variables: Variables) -> _Target:
    request = definition.request
    url = variables.fill(request["url"])
    parts = request_values.checked_url(url, variables, "a ws(s) URL", _PORTS)
    message = variables.fill(request.get("message") or "")
    asserted = any(
        one["type"] == "receivedMessage" for one in definition.config.get("assertions") or []
    )
    return _Target(
        url,
        parts.scheme,
        parts.raw_host.decode("ascii"),
        parts.port or _PORTS[parts.scheme],
        _headers(request, variables),
        decoded(message) if message and request.get("isMessageBase64Encoded") else message,
        answered=bool(message) or asserted,
    )


def _headers(request: Json, variables: Variables) -> dict[str, str]:
    own = request_values.named_texts(request, "headers", variables)
    auth = request.get("basicAuth") or {}
    if auth.get("username") or auth.get("password"):
        password = variables.fill(auth.get("password", ""))
        pair = f"{variables.fill(auth.get('username', ''))}:{password}"
        token = base64.b64encode(pair.encode()).decode()
        variables.secrets |= {password, token}
        own.setdefault("Authorization", f"Basic {token}")
    if any("\r" in text or "\n" in text for pair in own.items() for text in pair):
        raise CheckFailed("INVALID_CHAR_IN_HEADER", "A header holds the end of a line.")
    return own


def decoded(message: str) -> bytes:
    """The bytes of Base64, read as Node reads it, and so Datadog.

    What Datadog keeps lacks padding or holds other characters, which say nothing. Raises
    InvalidTest where nothing would be sent.
    """
    digits = _NO_DIGIT.sub("", message.partition("=")[0]).translate(_URL_SAFE)
    whole = digits if len(digits) % 4 != 1 else digits[:-1]
    if not whole:
        raise InvalidTest("config.request.message is not encoded in Base64")
    return base64.b64decode(whole + "=" * (-len(whole) % 4))


def _context(target: _Target, *, insecure: bool) -> ssl.SSLContext | None:
    return None if target.scheme == "ws" else context_for("websocket", insecure=insecure)


async def _probe(
    target: _Target,
    context: ssl.SSLContext | None,
    seen: Sighting,
    found: _Found,
    variables: Variables,
) -> None:
    transport = await addresses.connect(target.host, target.port, seen)
    try:
        connection = await connect(
            target.url,
            sock=transport,
            ssl=context,
            server_hostname=target.host if context else None,
            additional_headers=target.headers,
            user_agent_header="Datadog/Synthetics",
            open_timeout=None,
            close_timeout=_GOODBYE,
            ping_interval=None,
            max_size=_LARGEST,
            proxy=None,
        )
    except BaseException as error:
        transport.close()
        # A certificate that is not accepted is a ValueError too.
        if isinstance(error, InvalidHandshake | InvalidURI | ValueError) and not isinstance(
            error, OSError
        ):
            raise _not_opened(error, seen) from None
        raise
    seen.lap("handshake")
    try:
        _remember_handshake(connection, seen, found)
        await _talk(connection, target, seen, found, variables)
    except ConnectionClosed as error:
        raise _closed(error, seen) from None
    finally:
        await connection.close()


async def _talk(
    connection: ClientConnection,
    target: _Target,
    seen: Sighting,
    found: _Found,
    variables: Variables,
) -> None:
    if target.message:
        await connection.send(target.message)
        sent = target.message
        text = sent if isinstance(sent, str) else base64.b64encode(sent).decode()
        seen.detail["sent_message"] = cut(text, variables)[0]
    if not target.answered:
        return
    answer = await connection.recv()
    seen.lap("firstByte")
    found.message = answer if isinstance(answer, str) else answer.decode(errors="replace")
    text, truncated = cut(found.message, variables)
    seen.detail["received_message"] = text
    seen.detail["response"] = {"message": text, "is_message_truncated": truncated}


def _remember_handshake(connection: ClientConnection, seen: Sighting, found: _Found) -> None:
    response = connection.response
    if response is None:
        return
    sent = list(response.headers.raw_items())
    found.headers = joined((name.lower(), value) for name, value in sent)
    seen.detail["handshake"] = {
        "response": {
            "status_code": response.status_code,
            "headers": mask_headers(joined(sent)),
        }
    }


def _actual(found: _Found, assertion: Json) -> Any:
    if assertion["type"] == "receivedMessage":
        return found.message
    return named(found.headers, assertion["property"])


def _not_opened(error: Exception, seen: Sighting) -> CheckFailed:
    if isinstance(error, InvalidStatus):
        status = error.response.status_code
        seen.detail["handshake"] = {"response": {"status_code": status}}
        return CheckFailed("WEBSOCKET", f"The handshake was answered with HTTP status {status}.")
    if isinstance(error, InvalidMessage):
        return CheckFailed("WEBSOCKET", "The handshake was answered with something else than HTTP.")
    return CheckFailed("WEBSOCKET", f"The WebSocket could not be opened: {error}")


def _closed(error: ConnectionClosed, seen: Sighting) -> CheckFailed:
    """Of a close by the target, or of an answer over the limit, which closes from here."""
    if isinstance(error.__cause__, PayloadTooBig):
        return CheckFailed("BODY_TOO_LARGE", f"The answer is over {_LARGEST} bytes.")
    if error.rcvd is None:
        if error.sent is not None:
            return CheckFailed("WEBSOCKET", f"The answer is not valid: {error.sent.reason}")
        return CheckFailed("CONNRESET", "The target closed the connection.")
    seen.detail["response"] = {
        "close": {"status_code": error.rcvd.code, "reason": error.rcvd.reason}
    }
    code = error.rcvd.code
    return CheckFailed("WEBSOCKET", f"The target closed the WebSocket with code {code}.")
