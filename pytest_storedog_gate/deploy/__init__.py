"""Putting one digest into one environment, provably.

`deployer` says what a platform provides; each platform is a folder beside it.
"""

from __future__ import annotations

from pytest_storedog_gate.deploy.deployer import (
    Deployer,
    Fetched,
    Held,
    Live,
    Plan,
    Reach,
    Staged,
    TellsLogs,
    Timing,
    untimed,
)
from pytest_storedog_gate.deploy.models import Build, Deployment
from pytest_storedog_gate.deploy.references import ImageReference

__all__ = [
    "Build", "Deployer", "Deployment", "Fetched", "Held", "ImageReference", "Live", "Plan",
    "Reach", "Staged", "TellsLogs", "Timing", "untimed",
]  # fmt: skip
