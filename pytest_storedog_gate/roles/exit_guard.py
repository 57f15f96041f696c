"""Keeps the process from ending with 0 where the gate has not decided that it is open.

pytest ends with 0 for `--help`, for `pytest.exit(returncode=0)` in a conftest and for whatever
calls `os._exit(0)`; Drone takes 78 for a pass as well.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.errors import ExitStatus

from . import terminal

if TYPE_CHECKING:
    from collections.abc import Generator

_GREEN = (0, 78)
_DECIDED = pytest.StashKey[int]()


def decided(config: pytest.Config, status: int) -> None:
    """Notes the status that the gate, or a plan, has decided on."""
    config.stash[_DECIDED] = int(status)


def guard(config: pytest.Config) -> Generator[None, int | None, int | None]:
    """Wraps all of pytest's run; for this process, `os._exit` is no way around it either."""
    real_exit, process = os._exit, os.getpid()

    def guarded_exit(status: int) -> None:
        real_exit(_honest(config, status) if os.getpid() == process else status)

    os._exit = guarded_exit  # type: ignore[assignment]  # it returns as little as the real one
    try:
        status = yield
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(bool(end.code))
    return _honest(config, int(status or 0))


def _honest(config: pytest.Config, status: int) -> int:
    verdict = config.stash.get(_DECIDED, None)
    if status not in _GREEN or verdict == status:
        return status
    if verdict is None:
        terminal.raw(
            f"storedog-gate: pytest ended with {status} before the gate had decided anything, "
            f"which proves nothing: exit status {ExitStatus.INCONCLUSIVE:d}"
        )
        return ExitStatus.INCONCLUSIVE
    return verdict
