"""Whether a name says that its value is a secret: of a header, a parameter, a member, a variable.

A name is read by its words, so that `max_tokens`, `tokenizer` and `Idempotency-Key` hold none.
"""

from __future__ import annotations

import itertools
import re
from functools import cache

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_SECRET = frozenset(
    {
        "auth", "authentication", "authorization", "bearer", "cookie", "cookies", "credential",
        "credentials", "csrf", "hmac", "jwt", "mfa", "otp", "pass", "passcode", "passphrase",
        "passwd", "password", "passwords", "pin", "pw", "pwd", "sas", "secret", "secrets",
        "sessid", "session", "sid", "sig", "signature", "token", "totp", "xsrf",
    }
)  # fmt: skip
# Of words that were written as one: `authtoken`, `PHPSESSID`, `apikey`.
_ENDINGS = (
    "authorization", "cookie", "credential", "credentials", "passphrase", "passwd", "password",
    "secret", "sessid", "sessionid", "sessionkey", "signature", "token",
)  # fmt: skip
# What makes a key one that opens something: there are primary, public and cache keys as well.
_KEYS = frozenset(
    {
        "access", "account", "admin", "api", "app", "application", "auth", "client", "consumer",
        "deploy", "encryption", "function", "functions", "host", "license", "master", "private",
        "secret", "service", "session", "shared", "signing", "ssh", "storage", "subscription",
    }
)  # fmt: skip
_KEY_ENDINGS = tuple(f"{word}key" for word in sorted(_KEYS))
# A last word that tells of a secret what is none.
_ABOUT = frozenset(
    {
        "age", "algorithm", "algo", "at", "count", "date", "duration", "email", "enabled",
        "endpoint", "expiration", "expires", "expiry", "format", "header", "in", "issuer",
        "length", "limit", "method", "mode", "name", "policy", "prefix", "rate", "realm",
        "required", "scope", "size", "status", "storage", "timeout", "ttl", "type", "uri", "url",
        "user", "username", "version",
    }
)  # fmt: skip
# Tokens that say where a list goes on.
_PAGES = frozenset({"continuation", "cursor", "next", "page", "sync"})


@cache
def names_secret(name: str) -> bool:
    """Whether what is called `name` is a secret, e.g. `X-Api-Key`, `sessionId` or `PASSWORD`."""
    words = [word.lower() for word in _WORDS.findall(name)]
    if not words or words[-1] in _ABOUT:
        return False
    if words == ["token", "api", "authentication"]:
        return False  # Datadog's word for where OAuth's client ID is sent: in a header or the body
    if words[-1] == "token" and _PAGES & set(words):
        return False
    pairs = itertools.pairwise(words)
    return any(
        word in _SECRET or word.endswith(_ENDINGS) or word.endswith(_KEY_ENDINGS) for word in words
    ) or any(second in ("key", "keys") and first in _KEYS for first, second in pairs)
