"""The role behind `--storedog-plan`: says what a run would do, and changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.errors import GateError
from pytest_storedog_gate.gate import plan
from pytest_storedog_gate.pytest_side import exit_guard
from pytest_storedog_gate.pytest_side.provided import provided
from pytest_storedog_gate.pytest_side.reporting import terminal

if TYPE_CHECKING:
    from collections.abc import Generator

    from pytest_storedog_gate.settings.load import Settings


class Planner:
    """Runs no test; exits 0 only if the run is possible."""

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        self._config = config
        self._settings = settings
        self._status = 0

    def pytest_report_header(self) -> list[str]:
        """Each value with its source."""
        return [
            *self._settings.redact.document(self._settings.describe()),
            "storedog-gate: plan only, nothing is changed",
        ]

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> bool:
        """Collects nothing: a plan needs no test, nor xdist's workers."""
        return True

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self) -> bool:
        """Prints the plan in place of running tests."""
        try:
            told = plan.sentences(self._settings, provided(self._config))
            for number, done in enumerate(told, 1):
                terminal.progress(self._config, f"{number}. {self._settings.redact(done)}")
        except GateError as error:
            self._status = int(error.exit_status)
            terminal.progress(self._config, f"impossible: {self._settings.redact(str(error))}")
        return True

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None]:
        """The plan's own status, whatever pytest makes of a run without tests."""
        try:
            return (yield)
        finally:
            session.exitstatus = self._status
            exit_guard.decided(self._config, self._status)
