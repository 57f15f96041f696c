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


def install(config: pytest.Config) -> None:
    """Guards `os._exit` of this process, until its end."""
    real_exit, process = os._exit, os.getpid()

    def guarded_exit(status: int) -> None:
        real_exit(_honest(config, status) if os.getpid() == process else status)

    os._exit = guarded_exit  # type: ignore[assignment]  # it returns as little as the real one


def guard_conftests(config: pytest.Config) -> Generator[None]:
    """Wraps the import of conftest files, which comes before the run."""
    try:
        return (yield)
    except SystemExit as end:
        raise SystemExit(_honest(config, _status_of(end))) from None


def guard(config: pytest.Config) -> Generator[None, int | None, int | None]:
    """Wraps all of pytest's run."""
    try:
        status = yield
    except SystemExit as end:
        status = _status_of(end)
    return _honest(config, int(status or 0))


def _status_of(end: SystemExit) -> int:
    return end.code if isinstance(end.code, int) else int(bool(end.code))


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
