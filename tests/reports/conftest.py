"""The real Drone runner, as the pipeline tests use it."""

from __future__ import annotations

from tests.drone_lint.drone_runner import runner, stand_in_image

__all__ = ["runner", "stand_in_image"]
