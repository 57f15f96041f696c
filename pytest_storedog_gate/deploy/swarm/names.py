"""What the gate calls its own things in a Swarm. Its labels are those of `deploy.docker.names`."""

from __future__ import annotations

import hashlib

JOURNAL = "storedog.gate.journal"
"""A label of the service, while a deployment of it is open: see `journal`."""
PREVIEW = "storedog.gate.preview"
"""A label of a candidate that stands for checks before traffic: whose it is, see `preview`."""
_LONGEST_CONFIG = 64  # characters
_LONGEST_SERVICE = 63
_KEPT = 40


def lock(service: str) -> str:
    """The config that is the lock of a service."""
    return _beside(service, ".gate-lock", _LONGEST_CONFIG)


def history(service: str) -> str:
    """The config that remembers what was deployed."""
    return _beside(service, ".gate-history", _LONGEST_CONFIG)


def candidate(service: str) -> str:
    """The service that stands for checks before traffic. A stack's may be called so, too."""
    return _beside(service, "-preview", _LONGEST_SERVICE)


def _beside(service: str, what: str, longest: int) -> str:
    """Nothing of a stack's is called so where it has a dot: its names have none."""
    name = f"{service}{what}"
    if len(name) <= longest:
        return name
    return f"{service[:_KEPT]}-{hashlib.sha256(service.encode()).hexdigest()[:10]}{what}"
