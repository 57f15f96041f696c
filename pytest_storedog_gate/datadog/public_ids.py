"""Public IDs of checks, as people write and paste them."""

from __future__ import annotations

import re
from dataclasses import dataclass

_PUBLIC_ID = re.compile(r"[a-z0-9]{3}-[a-z0-9]{3}-[a-z0-9]{3}")
_DETAILS_URL = re.compile(r"https?://\S*/synthetics/details/(?P<id>[^/?#\s]+)\S*")


def is_public_id(value: object) -> bool:
    """Whether it is a public ID alone, without a version."""
    return isinstance(value, str) and _PUBLIC_ID.fullmatch(value) is not None


@dataclass(frozen=True, order=True)
class CheckReference:
    """A check by public ID; `version` pins it against edits in Datadog."""

    public_id: str
    version: int | None = None

    @classmethod
    def parse(cls, text: str) -> CheckReference:
        """Reads `abc-def-ghi`, `abc-def-ghi@12` or a details URL; else ValueError says how."""
        url = _DETAILS_URL.fullmatch(text)
        public_id, at, version = (url["id"] if url else text).partition("@")
        if not is_public_id(public_id) or (at and not version.isdecimal()):
            raise ValueError(
                f"{text!r} is no public ID; one looks like abc-def-ghi, abc-def-ghi@12 or "
                "https://app.datadoghq.com/synthetics/details/abc-def-ghi"
            )
        return cls(public_id, int(version) if at else None)
