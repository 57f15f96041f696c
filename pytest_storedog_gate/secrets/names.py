"""Whether a name says that its value is a secret: of a header, a parameter, a member, a variable.

A name is read by its words, so that `max_tokens`, `tokenizer` and `Idempotency-Key` hold none.
"""

from __future__ import annotations

import re
from functools import cache

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_SECRET = frozenset(
    {
        "auth", "authentication", "authorisation", "authorization", "bearer", "cookie", "cookies",
        "cred", "credential", "credentials", "creds", "csrf", "dsn", "hmac", "jwt", "mfa", "otp",
        "pass", "passcode", "passphrase", "passwd", "password", "passwords", "pin", "pw", "pwd",
        "samlresponse", "sas", "secret", "secrets", "sessid", "session", "sid", "sig", "signature",
        "token", "totp", "verifier", "xsrf",
    }
)  # fmt: skip
# Of words that were written as one: `authtoken`, `PHPSESSID`, `apikey`.
_ENDINGS = (
    "authorization", "cookie", "credential", "credentials", "dbpass", "passphrase", "passwd",
    "password", "secret", "sessid", "sessionid", "sessionkey", "signature", "token",
)  # fmt: skip
# What makes a key one that opens something: there are primary, public and cache keys as well.
_KEYS = frozenset(
    {
        "access", "account", "admin", "aes", "api", "app", "application", "auth", "cipher",
        "client", "consumer", "decryption", "deploy", "developer", "encryption", "function",
        "functions", "hmac", "host", "ingest", "ingestion", "integration", "jwt", "license",
        "login", "mashape", "master", "pass", "private", "rapidapi", "rsa", "sdk", "secret",
        "server", "service", "session", "shared", "signing", "ssh", "storage", "subscription",
        "unseal", "webhook",
    }
)  # fmt: skip
_KEY_ENDINGS = tuple(f"{word}key" for word in sorted(_KEYS))
# The same of a code: there are those of countries and of errors as well.
_CODES = frozenset(
    {
        "access", "auth", "authorization", "backup", "fa", "login", "mfa", "otp", "recovery",
        "security", "sms", "totp", "unlock", "verification",
    }
)  # fmt: skip
# Pairs of words that are a secret together.
_PAIRS = frozenset(
    {
        ("client", "assertion"), ("jwt", "assertion"), ("protection", "bypass"),
        ("saml", "response"), ("token", "hint"),
        *((word, "code") for word in _CODES),
        *((word, key) for word in _KEYS for key in ("key", "keys")),
        *((word, "tokens") for word in ("access", "auth", "refresh", "session")),
    }
)  # fmt: skip
# Words after that of a secret with which it is still one; any other tells of something about it.
_STILL = frozenset(
    {
        "again", "b", "base64", "confirm", "confirmation", "current", "data", "encoded",
        "encrypted", "hash", "hex", "id", "key", "new", "old", "pem", "plain", "raw", "repeat",
        "sha", "string", "text", "val", "value",
    }
)  # fmt: skip
# The same of variables of an environment, which are called `PASSWORD_PROD` and `TOKEN_GITHUB`.
_ABOUT = frozenset(
    {
        "address", "age", "algorithm", "at", "audience", "backend", "button", "count", "date",
        "days", "domain", "driver", "duration", "enabled", "endpoint", "error", "expires", "expiry",
        "field", "file", "format", "header", "host", "hostname", "hours", "input", "issuer",
        "label", "length", "limit", "link", "message", "method", "minutes", "mode", "ms", "name",
        "page", "path", "placeholder", "policy", "port", "prefix", "provider", "realm", "region",
        "required", "scope", "seconds", "selector", "server", "service", "size", "state", "status",
        "timeout", "title", "ttl", "type", "uri", "url", "user", "username", "version", "xpath",
    }
)  # fmt: skip
# Tokens that say where a list goes on.
_PAGES = frozenset({"continuation", "cursor", "next", "page", "sync"})


@cache
def names_secret(name: str) -> bool:
    """Whether what is called `name` is a secret, e.g. `X-Api-Key`, `sessionId` or `PASSWORD`."""
    words = [word.lower() for word in _WORDS.findall(name)]
    if name == "tokenApiAuthentication":
        return False  # Datadog's word for where OAuth's client ID is sent: in a header or the body
    if name.isupper() and "-" not in name:
        return bool(words) and words[-1] not in _ABOUT and any(map(_ends, _heads(words)))
    while len(words) > 1 and not _ends(words) and (words[-1] in _STILL or words[-1].isdigit()):
        words.pop()
    return _ends(words)


def _heads(words: list[str]) -> list[list[str]]:
    return [words[: end + 1] for end in range(len(words))]


def _ends(words: list[str]) -> bool:
    """Whether the last of the words is what a secret is called by."""
    if not words:
        return False
    last = words[-1]
    if last == "token" and _PAGES & set(words):
        return False
    known = last in _SECRET or last.endswith(_ENDINGS) or last.endswith(_KEY_ENDINGS)
    return known or tuple(words[-2:]) in _PAIRS
