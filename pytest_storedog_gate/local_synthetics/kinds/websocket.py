"""WebSocket API tests (`type: api`, `subtype: websocket`): a message, and the first answer."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any, ClassVar

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidMessage,
    InvalidStatus,
    InvalidURI,
)
from websockets.frames import CloseCode

from pytest_storedog_gate.local_synthetics.assertions.assertion import named
from pytest_storedog_gate.local_synthetics.assertions.operators import ABSENCE, GENERAL
from pytest_storedog_gate.local_synthetics.failures import CheckFailed, InvalidTest
from pytest_storedog_gate.local_synthetics.kinds.common import allowed, probing, request_values
from pytest_storedog_gate.local_synthetics.network import addresses
from pytest_storedog_gate.local_synthetics.network.stopwatch import Sighting
from pytest_storedog_gate.local_synthetics.network.tls_contexts import context_for
from pytest_storedog_gate.secrets.places import mask_headers, mask_url

if TYPE_CHECKING:
    from pytest_storedog_gate.local_synthetics.definitions.definition import Json
    from pytest_storedog_gate.local_synthetics.kinds.protocol import Outcome, Run
    from pytest_storedog_gate.local_synthetics.variables.variables import Variables

_LARGEST = 1024 * 1024  # bytes of an answer
_PORTS = {"ws": 80, "wss": 443}
_NO_DIGIT = re.compile(r"[^A-Za-z0-9+/_-]")
_URL_SAFE = str.maketrans("-_", "+/")
_GOODBYE = 1  # s for the other side to close


class WebsocketCheck(probing.ProbingCheck):
    """Opens a WebSocket, sends the message and evaluates the assertions on what comes back."""

    fields: ClassVar = {
        "url": allowed.needed_text, "message": allowed.text, "headers": allowed.texts,
        "isMessageBase64Encoded": allowed.anything, "basicAuth": allowed.web_user,
        "timeout": allowed.seconds, "allow_insecure": allowed.anything,
    }  # fmt: skip
    operators: ClassVar = {
        "": {
            "receivedMessage": probing.TEXTUAL,
            "header": GENERAL | ABSENCE,
            "responseTime": probing.ORDERED,
        }
    }

    async def run(self, run: Run, variables: Variables) -> Outcome:
        talk = _Talk(run, variables)
        return await self.check(run, variables, talk.seen, talk.probe(), talk.actual, talk.timeout)


class _Talk:
    """One connection: what is asked for, and what assertions look at."""

    def __init__(self, run: Run, variables: Variables) -> None:
        definition, request = run.definition, run.definition.request
        self.url = variables.fill(request["url"])
        parts = request_values.checked_url(self.url, variables, "a ws(s) URL", _PORTS)
        self.host, self.port = parts.raw_host.decode("ascii"), parts.port or _PORTS[parts.scheme]
        insecure = request_values.setting(definition, "allow_insecure")
        tls = parts.scheme == "wss"
        self.context = context_for("websocket", insecure=insecure) if tls else None
        self.headers = _headers(request, variables)
        text = variables.fill(request.get("message") or "")
        encoded = text and request.get("isMessageBase64Encoded")
        self.message = decoded(text) if encoded else text
        self.answered = text or "receivedMessage" in request_values.asserted(definition)
        self.timeout = request_values.timeout_of(request, variables)
        self.received_headers: dict[str, str] = {}  # names in lower case
        shown = {
            "url": mask_url(self.url),
            "headers": mask_headers(self.headers),
            "message": text,
            "timeout": round(self.timeout * 1000),
        }
        self.seen = Sighting({"request": shown})

    def actual(self, assertion: Json) -> Any:
        if assertion["type"] == "receivedMessage":
            return self.seen.detail["received_message"]
        return named(self.received_headers, assertion["property"])

    async def probe(self) -> None:
        transport = await addresses.connect(self.host, self.port, self.seen)
        try:
            connection = await connect(
                self.url,
                sock=transport,
                ssl=self.context,
                server_hostname=self.host if self.context else None,
                additional_headers=self.headers,
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
                raise _not_opened(error, self.seen) from None
            raise
        self.seen.lap("handshake")
        try:
            await self._talk(connection)
        except ConnectionClosed as error:
            raise _closed(error, self.seen) from None
        finally:
            await connection.close()

    async def _talk(self, connection: ClientConnection) -> None:
        detail = self.seen.detail
        if response := connection.response:
            sent = list(response.headers.raw_items())
            self.received_headers = probing.joined((name.lower(), value) for name, value in sent)
            shown = {
                "status_code": response.status_code,
                "headers": mask_headers(probing.joined(sent)),
            }
            detail["handshake"] = {"response": shown}
        if message := self.message:
            await connection.send(message)
            text = message if isinstance(message, str) else base64.b64encode(message).decode()
            detail["sent_message"] = text
        if self.answered:
            answer = await connection.recv()
            self.seen.lap("firstByte")
            text = answer if isinstance(answer, str) else answer.decode(errors="replace")
            detail |= {"received_message": text, "response": {"message": text}}


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
    # It is said first from here: what was received is told once the target has said the same.
    if error.sent and error.sent.code == CloseCode.MESSAGE_TOO_BIG and not error.rcvd_then_sent:
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
