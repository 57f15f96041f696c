"""The `[gogs]` of the configuration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pytest_storedog_gate.reading.kinds import INTEGER, STRING

if TYPE_CHECKING:
    from pytest_storedog_gate.reading.table import Table


@dataclass(frozen=True)
class Gogs:
    """Where verdicts become comments: on the build's pull request, else on `issue`."""

    url: str
    issue: int | None = None


def read(table: Table) -> Gogs:
    """Where comments go; ConfigurationError names file, line and key of each fault."""
    return Gogs(**table.read(KEYS, needed=("url",)))


def _http(text: str) -> str:
    try:
        address = urlsplit(text)
        known = address.scheme in ("http", "https") and address.hostname and address.port != 0
    except ValueError:
        known = False
    if not known or "@" in address.netloc:
        raise ValueError('must be an address like "http://HOST/...", without a password')
    return text


KEYS = {"url": STRING.meaning(_http), "issue": INTEGER}
