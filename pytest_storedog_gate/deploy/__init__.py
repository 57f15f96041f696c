"""Putting one digest into one environment on a Docker engine, provably.

The state of a deployment lives in the engine, in names and labels (see `names`), so that a run that
was killed at any instruction is mended by the next one.
"""

from __future__ import annotations

from .deployer import Deployer
from .images import resolved
from .models import Build, Deployment
from .planning import Plan
from .references import ImageReference

__all__ = ["Build", "Deployer", "Deployment", "ImageReference", "Plan", "resolved"]
