"""Servers that need a moment after their start."""

from __future__ import annotations

import time

import requests

from lab.scripts.state import LabError

_TIMEOUT = 60.0


def wait_for(url: str, what: str) -> None:
    """Returns once the server answers there."""
    deadline = time.monotonic() + _TIMEOUT
    while not _answers(url):
        if time.monotonic() > deadline:
            raise LabError(f"{what} does not answer at {url} after {_TIMEOUT:.0f} s")
        time.sleep(0.2)


def _answers(url: str) -> bool:
    try:
        requests.get(url, timeout=3).raise_for_status()
    except requests.RequestException:
        return False
    return True
