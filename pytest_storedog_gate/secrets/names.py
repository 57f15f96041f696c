"""Whether a name says that its value is a secret: of a header, a parameter, a member, a variable.

A name is read by its words, so that `max_tokens`, `tokenizer` and `Idempotency-Key` hold none.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

_WORDS = re.compile(r"[A-Z]+(?=keys?(?![a-z]))|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_A-Za-z]+")
_MARKS = re.compile("[\u0300-\u036f]")
# Letters that are not another one with a mark.
_PLAIN = str.maketrans({"ł": "l", "\u0131": "i", "ø": "o", "đ": "d", "ß": "ss"})
_SECRET = frozenset(
    {
        "auth", "authentication", "authorisation", "authorization", "basicauth", "bearer",
        "connectionstring", "connstr", "cookie", "cookies", "cred", "credential", "credentials",
        "creds", "csrf", "cvc", "cvv", "dsn", "hmac", "jwt", "mfa", "mnemonic", "otp", "passcode",
        "passwords", "pat", "pin", "psk", "psw", "samlresponse", "sas", "secret", "secrets",
        "sess", "session", "sid", "sig", "signature", "token", "totp", "verifier", "wsse", "xsrf",
        # Passwords where they have another name.
        "clave", "geslo", "haslo", "heslo", "jelszo", "jeton", "lozinka", "mdp", "parola",
        "parool", "salasana", "sandi", "senha", "sifre", "slaptazodis",
    }
)  # fmt: skip
# Of words that were written as one: `authtoken`, `PHPSESSID`, `dbpass`, `benutzerpasswort`.
_ENDINGS = (
    "authorization", "cookie", "credential", "credentials", "jwt", "pass", "passphrase", "passwd",
    "password", "passwrd", "pswd", "pw", "pwd", "secret", "sessid", "sessionid", "signature",
    "token", "adgangskode", "contrasena", "contrasenia", "contrasenya", "geheimnis", "katasandi",
    "kennwort", "kodeord", "losenord", "matkhau", "motdepasse", "passord", "passwort",
    "wachtwoord", "zugangsdaten", "пароль", "токен", "секрет", "密码", "密碼", "口令", "令牌",
    "密钥", "パスワード", "トークン", "비밀번호", "토큰",
)  # fmt: skip
# What ends like a password and is none.
_WORDS_IN_PASS = frozenset(
    {
        "allpass", "bandpass", "bypass", "compass", "encompass", "gyrocompass", "highpass",
        "lowpass", "multipass", "outpass", "overpass", "surpass", "trespass", "underpass",
    }
)  # fmt: skip
# What makes a key one that opens something: there are primary, public and cache keys as well.
_KEYS = frozenset(
    {
        "access", "account", "activation", "admin", "aes", "api", "app", "application", "auth",
        "cipher", "client", "consumer", "crypto", "decrypt", "decryption", "deploy", "developer",
        "enc", "encrypt", "encryption", "function", "functions", "hmac", "host", "ingest",
        "ingestion", "insert", "integration", "jwt", "license", "login", "mashape", "master",
        "pass", "priv", "private", "rapidapi", "rsa", "sdk", "secret", "server", "service",
        "session", "shared", "sign", "signing", "ssh", "storage", "subscription", "symmetric",
        "unseal", "webhook", "wep", "wpa",
    }
)  # fmt: skip
_KEY_WORDS = ("key", "keys", "schluessel", "schlussel", "sleutel")
_KEY_ENDINGS = tuple(f"{kind}{word}" for kind in sorted(_KEYS) for word in _KEY_WORDS)
# The same of a code: there are those of countries and of errors as well.
_CODES = frozenset(
    {
        "access", "activation", "auth", "authenticator", "authorization", "backup", "device", "fa",
        "factor", "login", "mfa", "otp", "pairing", "pass", "recovery", "reset", "security", "sms",
        "totp", "unlock", "verification",
    }
)  # fmt: skip
# Words that are a secret together, at the end of a name.
_TOGETHER = frozenset(
    {
        ("access", "sign"), ("api", "sign"), ("art", "api"), ("authorization", "auxiliary"),
        ("bapi", "sign"), ("client", "assertion"), ("conn", "str"), ("connection", "string"),
        ("encryption", "customer", "key"), ("fastly", "key"), ("honeycomb", "team"),
        ("jenkins", "crumb"), ("jwt", "assertion"), ("kata", "sandi"), ("mat", "khau"),
        ("mot", "de", "passe"), ("one", "time", "code"), ("pass", "phrase"), ("pass", "word"),
        ("protection", "bypass"), ("recovery", "phrase"), ("saml", "response"),
        ("secret", "key", "base"), ("seed", "phrase"), ("token", "hint"), ("x", "query", "key"),
        *((kind, word) for kind in _CODES for word in ("code", "codes")),
        *((kind, word) for kind in _KEYS for word in _KEY_WORDS),
        *((kind, "tokens") for kind in ("access", "api", "auth", "refresh", "session")),
        *(
            (key, kind)
            for key in ("chave", "chiave", "clave", "cle")
            for kind in (
                "acceso", "acces", "accesso", "acesso", "api", "privada", "privata", "privee",
                "secreta", "secrete", "segreta",
            )
        ),
    }
)  # fmt: skip
# Words with which one that is called like a secret is none: where a list goes on, what ends a
# request, a part of a language, a number of Windows or Twilio.
_UNLESS = {
    "clave": {"palabra"},
    "pass": {"boarding", "first", "multi", "render", "season", "second", "ski"},
    "sid": {
        "account", "call", "conference", "conversation", "group", "media", "message", "object",
        "recording", "service", "user",
    },
    "signature": {"email", "function", "mail", "method", "type"},
    "token": {
        "abort", "atlassian", "bos", "cancel", "cancellation", "concurrency", "continuation",
        "cursor", "delta", "eos", "idempotency", "mask", "next", "pad", "page", "pagination",
        "paging", "prev", "previous", "sep", "skip", "special", "stop", "sync", "unk",
    },
}  # fmt: skip
# Words after that of a secret with which it is still one; any other tells of something about it.
_STILL = frozenset(
    {
        "again", "b", "base64", "confirm", "confirmation", "current", "data", "encoded",
        "encrypted", "hash", "hex", "id", "key", "new", "old", "pem", "plain", "raw", "repeat",
        "sha", "string", "text", "val", "value",
    }
)  # fmt: skip
# What kind of secret there is, also within it: `{"auth": {"type": "basic", "password": "..."}}`.
_KIND = frozenset(
    {
        "algorithm", "alg", "enabled", "format", "kind", "method", "mode", "name", "provider",
        "realm", "required", "scheme", "status", "type", "username", "version",
    }
)  # fmt: skip
# The same of variables of an environment, which are called `PASSWORD_PROD` and `TOKEN_GITHUB`.
_ABOUT = _KIND | {
    "address", "age", "at", "audience", "backend", "button", "count", "date", "days", "domain",
    "driver", "duration", "endpoint", "error", "expires", "expiry", "field", "file", "header",
    "host", "hostname", "hours", "input", "issuer", "label", "length", "limit", "link", "message",
    "minutes", "ms", "page", "path", "placeholder", "policy", "port", "prefix", "region", "scope",
    "seconds", "selector", "server", "service", "size", "state", "timeout", "title", "ttl", "uri",
    "url", "user", "xpath",
}  # fmt: skip


@cache
def names_secret(name: str) -> bool:
    """Whether what is called `name` is a secret, e.g. `X-Api-Key`, `sessionId` or `PASSWORD`."""
    words = _words(name)
    if name == "tokenApiAuthentication":
        return False  # Datadog's word for where OAuth's client ID is sent: in a header or the body
    if name.isupper() and "-" not in name:
        return bool(words) and words[-1] not in _ABOUT and any(map(_ends, _heads(words)))
    while len(words) > 1 and not _ends(words) and (words[-1] in _STILL or words[-1].isdigit()):
        words.pop()
    return _ends(words)


def names_kind(name: str) -> bool:
    """Whether what is called `name` says of which kind a secret is, that it stands within."""
    return not _KIND.isdisjoint(_words(name)[-1:])


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORDS.findall(_without_marks(name))]


def _without_marks(text: str) -> str:
    """With `n` for `ñ`: a name is typed with its marks or without."""
    letters = unicodedata.normalize("NFKD", text.translate(_PLAIN))
    return unicodedata.normalize("NFC", _MARKS.sub("", letters))


def _heads(words: list[str]) -> list[list[str]]:
    return [words[: end + 1] for end in range(len(words))]


def _ends(words: list[str]) -> bool:
    """Whether the last of the words is what a secret is called by."""
    if not words:
        return False
    last = words[-1]
    if last in _WORDS_IN_PASS or _UNLESS.get(last, set()).intersection(words):
        return (*words[-2:],) in _TOGETHER
    known = last in _SECRET or last.endswith(_ENDINGS) or last.endswith(_KEY_ENDINGS)
    return known or any(tuple(words[-length:]) in _TOGETHER for length in (2, 3))
