"""Whom the configuration tells of a verdict: its `[gogs]` and `[datadog]`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pytest_storedog_gate.reading.kinds import BOOLEAN, INTEGER, STRING

if TYPE_CHECKING:
    from pytest_storedog_gate.reading.table import Table


@dataclass(frozen=True)
class Gogs:
    """Where verdicts become comments: on the build's pull request, else on `issue`."""

    url: str
    issue: int | None = None


@dataclass(frozen=True)
class Markers:
    """What Datadog is told of a run that decided: `events`, and `deployments` for DORA metrics."""

    events: bool = False
    deployments: bool = False


def gogs(table: Table) -> Gogs:
    """Where comments go; ConfigurationError names file, line and key of each fault."""
    return Gogs(**table.read(GOGS_KEYS, needed=("url",)))


def markers(table: Table) -> Markers:
    """What Datadog is told; ConfigurationError names file, line and key of each fault."""
    return Markers(**table.read(MARKER_KEYS))


def _http(text: str) -> str:
    try:
        address = urlsplit(text)
        known = address.scheme in ("http", "https") and address.hostname and address.port != 0
    except ValueError:
        known = False
    if not known or "@" in address.netloc:
        raise ValueError('must be an address like "http://HOST/...", without a password')
    return text


GOGS_KEYS = {"url": STRING.meaning(_http), "issue": INTEGER}
MARKER_KEYS = {"events": BOOLEAN, "deployments": BOOLEAN}
