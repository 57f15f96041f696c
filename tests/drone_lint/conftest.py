"""The real Drone runner, and builds by it."""

from __future__ import annotations

from tests.drone_lint.drone_runner import runner, stand_in_image, submit

__all__ = ["runner", "stand_in_image", "submit"]
