"""NTLM over HTTP ([MS-NTHT]): three messages on one connection."""

from __future__ import annotations

import base64
import os
import struct
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx
import spnego
from spnego.exceptions import SpnegoError

from pytest_storedog_gate.local_synthetics.failures import CheckFailed

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

_SCHEME = "NTLM "
_NAME = "NETBIOS_COMPUTER_NAME"  # where the library reads the workstation's name
_UNAUTHORIZED = 401


class Ntlm(httpx.Auth):
    """Answers a challenge with the credentials; without one the first answer counts."""

    def __init__(self, username: str, password: str, domain: str, workstation: str) -> None:
        self._username = f"{domain}\\{username}" if domain else username
        self._password = password
        self._workstation = workstation

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """See `httpx.Auth`. Raises CheckFailed for a challenge that cannot be read."""
        client = spnego.client(self._username, self._password, protocol="ntlm")
        request.headers["Authorization"] = self._message(client, None)
        answer = yield request
        challenge = _challenge(answer)
        if challenge:
            request.headers["Authorization"] = self._message(client, challenge)
            yield request

    def _message(self, client: spnego.ContextProxy, challenge: bytes | None) -> str:
        try:
            with _workstation(self._workstation):
                token = client.step(challenge) or b""
        except (SpnegoError, ValueError, struct.error) as error:
            raise CheckFailed(
                "AUTHENTICATION_ERROR", f"NTLM: {type(error).__name__} at the server's challenge."
            ) from None
        return _SCHEME + base64.b64encode(token).decode()


def _challenge(answer: httpx.Response) -> bytes | None:
    if answer.status_code != _UNAUTHORIZED:
        return None
    for value in answer.headers.get_list("www-authenticate"):
        if value.upper().startswith(_SCHEME):
            try:
                return base64.b64decode(value[len(_SCHEME) :], validate=True)
            except ValueError:
                raise CheckFailed(
                    "AUTHENTICATION_ERROR", "NTLM: the server's challenge is not base64."
                ) from None
    return None


@contextmanager
def _workstation(name: str) -> Iterator[None]:
    before = os.environ.get(_NAME)
    os.environ[_NAME] = name
    try:
        yield
    finally:
        if before is None:
            del os.environ[_NAME]
        else:
            os.environ[_NAME] = before
