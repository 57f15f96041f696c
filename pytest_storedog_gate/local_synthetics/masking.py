"""Keeping secrets out of everything that the service answers."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MASK = "********"
LONGEST_SECRET = 10_000
"""Characters of a value that is found: to look for a longer one would hold up every check."""

_SENSITIVE_HEADER = re.compile(
    r"authorization|cookie|token|secret|password|api-?key|application-?key|credential",
    re.IGNORECASE,
)
_USERINFO = re.compile(r"(?<=://)[^/?#@]*@")
_SHORTEST_ENCODED = 8  # characters: what shorter ones become is everywhere
_OWN_KEYS = frozenset(
    {
        "actual", "api_test", "assertion_results", "assertions", "body", "body_size",
        "browser_errors", "bucket_keys", "cert", "code", "detail", "error_message",
        "expected", "extracted_values", "failure", "finished_at", "handshake", "headers",
        "http_version", "id", "inconclusive", "initial_id", "is_body_truncated", "message",
        "name", "netstats", "operator", "property", "redirects", "request", "resolved_ip",
        "response", "screenshot", "started_at", "status", "status_code", "steps",
        "sub_test_step_details", "target", "target_path", "timings", "total", "type", "url",
        "val", "valid", "value", "variables", "warnings",
    }
)  # fmt: skip
"""Names in a result that clients and this service rely on; they tell nothing of a secret."""
_SHORTEST_NUMBER = 4  # shorter numbers are everywhere: masking them would hide only the result


def mask_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers with the values hidden of those whose name says that they carry a credential."""
    return {
        name: MASK if _SENSITIVE_HEADER.search(name) else value for name, value in headers.items()
    }


def mask_userinfo(url: str) -> str:
    """A URL without its user name and password."""
    return _USERINFO.sub(f"{MASK}@", url)


def encoded(secrets: Iterable[str]) -> set[str]:
    """What base64 and hexadecimal texts hold where they hold one of the longer secrets.

    In base64 that depends on the place of the secret: what its neighbours have no part in counts.
    """
    found: set[str] = set()
    for content in (secret.encode() for secret in secrets if len(secret) >= _SHORTEST_ENCODED):
        found |= {content.hex(), content.hex().upper()}
        for before in range(3):
            text = base64.b64encode(bytes(before) + content)
            first, last = (before * 8 + 5) // 6, (before + len(content)) * 8 // 6
            inner = text[first:last].decode()
            found |= {inner, inner.replace("+", "-").replace("/", "_")}
    return found


def mask(value: Any, secrets: Iterable[str]) -> Any:
    """A copy of a JSON value without the secrets, plain, URL-encoded, JSON-escaped or quoted."""
    # The longest first: a secret may be part of another one.
    patterns = [_pattern(secret) for secret in sorted(secrets, key=len, reverse=True) if secret]
    return _masked(value, re.compile("|".join(patterns))) if patterns else value


def _pattern(secret: str) -> str:
    """A pattern of the secret in which each character may be encoded or not.

    What a URL's encoder leaves as it is depends on the encoder and on the part of the URL.
    """
    return "".join(map(_forms, secret))


def _forms(character: str) -> str:
    if character.isascii() and character.isalnum():
        return character  # nobody encodes these
    percent = "".join(f"%{byte:02X}" for byte in character.encode(errors="surrogatepass"))
    patterns = [re.escape(form) for form in (character, percent, percent.lower())]
    if character == " ":
        patterns.append(re.escape("+"))
    # JSON's escapes and Python's, which have more backslashes where JSON holds JSON.
    escapes = (json.dumps(character)[1:-1], repr(f'{character}"')[1:-2])
    patterns += [
        r"\\{1,15}" + re.escape(escape.lstrip("\\"))
        for escape in escapes
        if escape.startswith("\\")
    ]
    return f"(?:{'|'.join(dict.fromkeys(patterns))})"


def _masked(value: Any, secret: re.Pattern[str]) -> Any:
    if isinstance(value, str):
        return secret.sub(MASK, value)
    if isinstance(value, dict):
        return {
            key if key in _OWN_KEYS else _masked(key, secret): _masked(item, secret)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_masked(item, secret) for item in value]
    if isinstance(value, int | float) and len(str(value)) >= _SHORTEST_NUMBER:
        return MASK if secret.fullmatch(str(value)) else value
    return value
