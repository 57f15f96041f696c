"""`basicAuth` of an HTTP request, in each of its types."""

from __future__ import annotations

import base64
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus, urlencode

import httpx

from pytest_storedog_gate.local_synthetics.definitions import strict_json
from pytest_storedog_gate.local_synthetics.definitions.known_keys import BASIC_AUTH
from pytest_storedog_gate.local_synthetics.failures import CheckFailed
from pytest_storedog_gate.local_synthetics.kinds.common import allowed
from pytest_storedog_gate.local_synthetics.kinds.http.jwt import make_token, unsupported_jwt
from pytest_storedog_gate.local_synthetics.kinds.http.sigv4 import SigV4

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from pytest_storedog_gate.local_synthetics.definitions.definition import Json
    from pytest_storedog_gate.local_synthetics.variables.variables import Variables

    Ask = Callable[[str, Mapping[str, str], str], Awaitable[tuple[int, bytes]]]
    """Posts to a URL, with headers and a body, and gives the status and the body."""

_CLIENT, _PASSWORD = "oauth-client", "oauth-rop"
_GRANTS = {_CLIENT: "client_credentials", _PASSWORD: "password"}
_OPTIONAL = ("audience", "resource", "scope")
_OK = 200
_TEXTS: Mapping[str, tuple[set[str], set[str]]] = {
    "web": (set(), {"username", "password"}),
    "digest": ({"username", "password"}, set()),
    "ntlm": ({"username", "password"}, {"domain", "workstation"}),
    "sigv4": ({"accessKey", "secretKey", "region", "serviceName"}, {"sessionToken"}),
    _CLIENT: (
        {"accessTokenUrl", "clientId", "clientSecret", "tokenApiAuthentication"},
        {"audience", "resource", "scope"},
    ),
    _PASSWORD: (
        {"accessTokenUrl", "username", "password", "tokenApiAuthentication"},
        {"clientId", "clientSecret", "audience", "resource", "scope"},
    ),
    "jwt": ({"algorithm", "payload", "secret"}, {"header", "tokenPrefix"}),
}
"""By type the strings that it needs, and those that it may have."""

_OTHERS: Mapping[str, set[str]] = {"jwt": {"addClaims", "expiresIn"}}
_SECRETS = ("password", "secretKey", "sessionToken", "clientSecret", "secret")


def unsupported_authentication(request: Json, _key: str) -> list[str]:
    """Name what in `basicAuth` cannot be done."""
    auth = request.get("basicAuth") or {}
    where = "config.request.basicAuth"
    if not isinstance(auth, dict):
        return [f"{where} must be an object"]
    kind = _kind(auth)
    if kind not in _TEXTS:
        return [f"{where} type {kind!r} is not supported"]
    needed, possible = _TEXTS[kind]
    problems = [
        f"{problem} with type {kind}"
        for problem in allowed.passed_over(
            f"{where}.",
            auth,
            BASIC_AUTH,
            BASIC_AUTH.keys() - {"type", *needed, *possible, *_OTHERS.get(kind, ())},
        )
    ]
    for key in sorted(needed | possible):
        problems += allowed.text(auth, key, where)
    problems += [
        f"{where}.{key} is needed with type {kind}" for key in sorted(needed) if not auth.get(key)
    ]
    if kind == "jwt":
        problems += unsupported_jwt(auth)
    given = auth.get("tokenApiAuthentication")
    if kind in _GRANTS and given not in ("header", "body"):
        problems.append(f"{where}.tokenApiAuthentication {given!r} is not supported")
    return problems


async def authenticate(
    request: Json, variables: Variables, ask: Ask
) -> tuple[dict[str, str], httpx.Auth | None]:
    """Headers known beforehand, and what is made of each request or of its first answer.

    The credentials join the secrets. `ask` is used where a token is to be fetched. Raises
    CheckFailed.
    """
    auth = request.get("basicAuth") or {}
    kind = _kind(auth)
    needed, possible = _TEXTS[kind]
    # A token's parts are JSON or a key: `make_token` fills them.
    texts = {key: variables.fill(auth.get(key) or "") for key in needed | possible}
    variables.secrets |= {texts[key] for key in _SECRETS if texts.get(key)}
    match kind:
        case "digest":
            flow: httpx.Auth = httpx.DigestAuth(texts["username"], texts["password"])
        case "ntlm":
            # With its library, which takes longer to import than all the rest of the kind.
            from pytest_storedog_gate.local_synthetics.kinds.http.ntlm import Ntlm  # noqa: PLC0415

            flow = Ntlm(texts["username"], texts["password"], texts["domain"], texts["workstation"])
        case "sigv4":
            flow = SigV4(
                access_key=texts["accessKey"],
                secret_key=texts["secretKey"],
                region=texts["region"],
                service=texts["serviceName"],
                session_token=texts["sessionToken"],
            )
        case _:
            return await _header(kind, auth, texts, variables, ask), None
    return {}, flow


async def _header(
    kind: str, auth: Json, texts: dict[str, str], variables: Variables, ask: Ask
) -> dict[str, str]:
    if kind == "web":
        if not texts["username"] and not texts["password"]:
            return {}
        prefix, token = "Basic", _basic_credentials(texts["username"], texts["password"])
    elif kind == "jwt":
        token = make_token(auth, variables, time.time())
        prefix = texts["tokenPrefix"] if auth.get("tokenPrefix") is not None else "Bearer"
    else:
        headers, form = _token_request({**texts, "type": kind})
        if authorization := headers.get("Authorization"):
            variables.secrets.add(authorization.removeprefix("Basic "))
        token = _access_token(*await ask(texts["accessTokenUrl"], headers, form))
        prefix = "Bearer"
    variables.secrets.add(token)
    return {"Authorization": f"{prefix} {token}".strip()}


def _kind(auth: Mapping[str, Any]) -> str:
    return str(auth.get("type") or "web")


def _token_request(auth: Mapping[str, str]) -> tuple[dict[str, str], str]:
    """The headers and the body to send to `accessTokenUrl`."""
    form = {"grant_type": _GRANTS[auth["type"]]}
    if auth["type"] == _PASSWORD:
        form |= {"username": auth["username"], "password": auth["password"]}
    form |= {name: auth[name] for name in _OPTIONAL if auth.get(name)}
    headers = {
        "Accept": "application/json",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    client = auth.get("clientId", ""), auth.get("clientSecret", "")
    if any(client):
        if auth["tokenApiAuthentication"] == "header":
            headers["Authorization"] = f"Basic {_basic_credentials(*map(quote_plus, client))}"
        else:
            form |= {"client_id": client[0]}
            form |= {"client_secret": client[1]} if client[1] else {}
    return headers, urlencode(form)


def _access_token(status: int, body: bytes) -> str:
    """The token in the answer. Raises CheckFailed, which never shows the answer's body."""
    if status != _OK:
        raise CheckFailed(
            "AUTHENTICATION_ERROR", f"No access token: accessTokenUrl answered {status}."
        )
    try:
        answer = strict_json.loads(body)
    except ValueError:
        answer = None
    token = answer.get("access_token") if isinstance(answer, dict) else None
    if not isinstance(token, str) or not token:
        raise CheckFailed(
            "AUTHENTICATION_ERROR", "No access token: the answer holds no access_token."
        )
    return token


def _basic_credentials(username: str, password: str) -> str:
    """What follows `Basic` (RFC 7617)."""
    return base64.b64encode(f"{username}:{password}".encode()).decode()
