"""What the gate calls its own things in a Swarm. Its labels are those of `deploy.docker.names`."""

from __future__ import annotations

import hashlib

JOURNAL = "storedog.gate.journal"
"""A label of the service, while a deployment of it is open: see `journal`."""
_LONGEST = 64  # characters of a config's name
_KEPT = 40


def lock(service: str) -> str:
    """The config that is the lock of a service."""
    return _beside(service, "gate-lock")


def history(service: str) -> str:
    """The config that remembers what was deployed."""
    return _beside(service, "gate-history")


def _beside(service: str, what: str) -> str:
    """Nothing of a stack's is called so: its names have no dot."""
    name = f"{service}.{what}"
    if len(name) <= _LONGEST:
        return name
    return f"{service[:_KEPT]}-{hashlib.sha256(service.encode()).hexdigest()[:10]}.{what}"
