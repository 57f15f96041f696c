"""What can go wrong, each with the exit status that the contract gives it.

Every error's text is one sentence that a person can act on: what is wrong, where, what to do.
"""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar


class ExitStatus(IntEnum):
    """The exit statuses that this plugin adds to pytest's own (0 to 5).

    Never 78: Drone reads 78 as a pass that skips the remaining steps.
    """

    OPEN = 0
    CLOSED = 1
    USAGE = 4
    INCONCLUSIVE = 8
    ROLLBACK_FAILED = 9
    LOCKED = 10


class GateError(Exception):
    """The gate cannot be open, for the reason in the text."""

    exit_status: ClassVar[ExitStatus]


class ConfigurationError(GateError):
    """The configuration or the command line asks for something impossible; nothing was changed."""

    exit_status = ExitStatus.USAGE


class DeploymentFailed(GateError):
    """The image could not be put into the environment, or what answers is not that image."""

    exit_status = ExitStatus.CLOSED


class NoVerdict(GateError):
    """Nothing was proved either way: something was unreachable, unauthorised, late or lost."""

    exit_status = ExitStatus.INCONCLUSIVE


class RollbackFailed(GateError):
    """The previous version could not be put back: a person is needed."""

    exit_status = ExitStatus.ROLLBACK_FAILED


class Locked(GateError):
    """Another run holds the environment."""

    exit_status = ExitStatus.LOCKED
