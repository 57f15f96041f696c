"""Docker Hub, which not every machine reaches."""

from __future__ import annotations

from functools import cache

import requests


@cache
def answers() -> bool:
    """Whether it can be reached from here."""
    try:
        requests.get("https://registry-1.docker.io/v2/", timeout=3)
    except requests.RequestException:
        return False
    return True
