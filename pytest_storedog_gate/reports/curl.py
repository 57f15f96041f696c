"""The request of an HTTP check as a command line that a person can paste."""

from __future__ import annotations

from typing import Any

from pytest_storedog_gate.outlets.plain_text import command_line
from pytest_storedog_gate.secrets.places import mask_exchanges

_LONGEST_BODY = 500  # characters; a longer one would hide the rest of the failure
_LONGEST = 2000
# What curl sends by itself.
_USUAL = {"host", "accept", "accept-encoding", "connection", "user-agent", "content-length"}


def command(request: object) -> str | None:
    """A `curl` command for a result's `request`; None where it was no HTTP request, or is long."""
    if not isinstance(request, dict):
        return None
    shown: dict[str, Any] = mask_exchanges(request)
    url = shown.get("url")
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        return None
    words = ["curl", "-i"]
    method = str(shown.get("method") or "GET").upper()
    if method != "GET":
        words += ["-X", method]
    headers = shown.get("headers")
    for name, value in (headers if isinstance(headers, dict) else {}).items():
        if str(name).lower() not in _USUAL:
            words += ["-H", f"{name}: {value}"]
    body = shown.get("body")
    if isinstance(body, str) and 0 < len(body) <= _LONGEST_BODY:
        words += ["--data-raw", body]  # the file of a body like "@name" would be sent otherwise
    line = command_line([*words, url])
    return line if len(line) <= _LONGEST else None  # a part of it would be another request
