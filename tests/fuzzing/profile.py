"""How many examples there are, and which."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

_THOROUGH = int(os.environ.get("STOREDOG_EXAMPLES", "0"))


def examples(usual: int) -> settings:
    """The same `usual` ones each time, or as many new ones as `STOREDOG_EXAMPLES` says."""
    return settings(
        max_examples=_THOROUGH or usual,
        derandomize=not _THOROUGH,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
