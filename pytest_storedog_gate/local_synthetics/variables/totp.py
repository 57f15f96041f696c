"""One-time passwords that follow the time: RFC 6238 with SHA-1, as Datadog's TOTP variables."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass

_LEAST_DIGITS, _MOST_DIGITS = 4, 10
_LONGEST_INTERVAL = 999  # s
_SEPARATORS = re.compile(r"[\s-]")


@dataclass(frozen=True)
class Totp:
    """A shared secret in base32, and how its codes are made; the interval in s."""

    secret: str
    digits: int = 6
    refresh_interval: int = 30

    def why_not(self) -> str:
        """Why no code can be made, or ""; without the secret."""
        if not _is_whole(self.digits, _LEAST_DIGITS, _MOST_DIGITS):
            return f"totp_parameters.digits must be from {_LEAST_DIGITS} to {_MOST_DIGITS}"
        if not _is_whole(self.refresh_interval, 1, _LONGEST_INTERVAL):
            return f"totp_parameters.refresh_interval must be from 1 to {_LONGEST_INTERVAL} s"
        try:
            return "" if self._key() else "the TOTP secret is empty"
        except ValueError:
            return "the TOTP secret is not base32"

    def code(self, seconds: float) -> str:
        """The code at a time since the epoch."""
        counter = int(seconds) // self.refresh_interval
        digest = hmac.digest(self._key(), counter.to_bytes(8, "big"), hashlib.sha1)
        start = digest[-1] & 0xF
        number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFFFFFF
        return str(number % 10**self.digits).zfill(self.digits)

    def _key(self) -> bytes:
        text = _SEPARATORS.sub("", self.secret).rstrip("=").upper()
        return base64.b32decode(text + "=" * (-len(text) % 8))


def _is_whole(value: object, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
