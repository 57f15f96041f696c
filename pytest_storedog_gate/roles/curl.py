"""The request of an HTTP check as a command line that a person can paste."""

from __future__ import annotations

import re

from pytest_storedog_gate.plain_text import command_line

_LONGEST_BODY = 500  # characters; a longer one would hide the rest of the failure
_LONGEST = 2000
# Datadog and the local service mask them; typed by a person they would be wrong anyway.
_CREDENTIAL = re.compile(
    r"authorization|cookie|token|secret|password|key|credential", re.IGNORECASE
)
# What curl sends by itself.
_USUAL = {"host", "accept", "accept-encoding", "connection", "user-agent", "content-length"}


def command(request: object) -> str | None:
    """A `curl` command for a result's `request`; None where it was no HTTP request, or is long."""
    if not isinstance(request, dict):
        return None
    url = request.get("url")
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        return None
    words = ["curl", "-i"]
    method = str(request.get("method") or "GET").upper()
    if method != "GET":
        words += ["-X", method]
    headers = request.get("headers")
    for name, value in (headers if isinstance(headers, dict) else {}).items():
        if str(name).lower() not in _USUAL:
            words += ["-H", f"{name}: {'...' if _CREDENTIAL.search(str(name)) else value}"]
    body = request.get("body")
    if isinstance(body, str) and 0 < len(body) <= _LONGEST_BODY:
        words += ["--data-raw", body]  # the file of a body like "@name" would be sent otherwise
    line = command_line([*words, url])
    return line if len(line) <= _LONGEST else None  # a part of it would be another request
