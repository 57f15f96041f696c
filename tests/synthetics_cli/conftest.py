"""What these commands ask: a target, and the service."""

from tests.local_synthetics.conftest import service, target

__all__ = ["service", "target"]
