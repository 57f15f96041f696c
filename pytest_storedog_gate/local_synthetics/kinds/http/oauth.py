"""OAuth 2.0 (RFC 6749): the access token of a client, or of a resource owner's password."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus, urlencode

from pytest_storedog_gate.local_synthetics.failures import CheckFailed
from pytest_storedog_gate.reading import json_text

if TYPE_CHECKING:
    from collections.abc import Mapping

CLIENT, PASSWORD = "oauth-client", "oauth-rop"
_GRANTS = {CLIENT: "client_credentials", PASSWORD: "password"}
_OPTIONAL = ("audience", "resource", "scope")
_OK = 200


def unsupported_oauth(auth: Mapping[str, Any]) -> list[str]:
    """Name what no token can be asked for with."""
    place = auth.get("tokenApiAuthentication")
    if place in ("header", "body"):
        return []
    return [f"config.request.basicAuth.tokenApiAuthentication {place!r} is not supported"]


def token_request(auth: Mapping[str, str]) -> tuple[dict[str, str], str]:
    """The headers and the body to send to `accessTokenUrl`."""
    form = {"grant_type": _GRANTS[auth["type"]]}
    if auth["type"] == PASSWORD:
        form |= {"username": auth["username"], "password": auth["password"]}
    form |= {name: auth[name] for name in _OPTIONAL if auth.get(name)}
    headers = {
        "Accept": "application/json",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    client = auth.get("clientId", ""), auth.get("clientSecret", "")
    if any(client):
        if auth["tokenApiAuthentication"] == "header":
            headers["Authorization"] = f"Basic {basic_credentials(*map(quote_plus, client))}"
        else:
            form |= {"client_id": client[0]}
            form |= {"client_secret": client[1]} if client[1] else {}
    return headers, urlencode(form)


def access_token(status: int, body: bytes) -> str:
    """The token in the answer. Raises CheckFailed, which never shows the answer's body."""
    if status != _OK:
        raise CheckFailed(
            "AUTHENTICATION_ERROR", f"No access token: accessTokenUrl answered {status}."
        )
    try:
        answer = json_text.loads(body)
    except ValueError:
        answer = None
    token = answer.get("access_token") if isinstance(answer, dict) else None
    if not isinstance(token, str) or not token:
        raise CheckFailed(
            "AUTHENTICATION_ERROR", "No access token: the answer holds no access_token."
        )
    return token


def basic_credentials(username: str, password: str) -> str:
    """What follows `Basic` (RFC 7617)."""
    return base64.b64encode(f"{username}:{password}".encode()).decode()
