"""The role behind `--collect-only` in a run that only checks: editors discover tests with it."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, NoReturn

import pytest

from pytest_storedog_gate.datadog.calling.clock import Clock
from pytest_storedog_gate.errors import GateError, NoVerdict
from pytest_storedog_gate.gate import selection, synthetics
from pytest_storedog_gate.pytest_side import exit_guard
from pytest_storedog_gate.pytest_side.collecting import collection
from pytest_storedog_gate.pytest_side.reporting import terminal

if TYPE_CHECKING:
    from collections.abc import Generator

    from pytest_storedog_gate.pytest_side.source import Census, Overrides, Tagged
    from pytest_storedog_gate.settings.load import Settings


class Lister:
    """Lists the tests of the checks and runs none of them."""

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        self._config, self._settings = config, settings
        collection.register(
            config, self, settings.config_path, settings.environment.name, decides=False
        )

    def checks(self) -> list[Tagged]:
        """The checks with their tags; those known by ID alone where the service cannot be asked."""
        known: list[Tagged] = [(p, ()) for p in self._settings.requirements.public_ids]
        service = self._settings.synthetics
        if service.backend == "datadog" and service.api_key is None:
            return known
        try:
            with ExitStack() as resources:
                client = synthetics.Service(self._settings, resources).connect(Clock())
                checks = selection.resolve(self._settings.requirements, selection.Known(client))
        except GateError as error:
            why = self._settings.redact(str(error))
            terminal.raw(f"storedog-gate: checks are listed by ID alone: {why}")
            return known
        return [(check.public_id, check.definition.tags) for check in checks]

    def counted(self, census: Census) -> None:
        """Takes no note: nothing will be run."""

    def stopped(self) -> bool:
        """Nothing is run at all."""
        return True

    def outcome(self, public_id: str) -> NoReturn:
        """Refuses."""
        raise NoVerdict(f"{public_id} is only listed")

    def trigger(self, public_id: str, overrides: Overrides) -> NoReturn:  # noqa: ARG002
        """Refuses."""
        self.outcome(public_id)

    def pytest_report_header(self) -> list[str]:
        """Each value with its source."""
        return [
            *self._settings.redact.document(self._settings.describe()),
            "storedog-gate: lists only, nothing is run",
        ]

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None]:
        """Lets pytest's own status of a list stand."""
        try:
            return (yield)
        finally:
            exit_guard.decided(self._config, int(session.exitstatus))
