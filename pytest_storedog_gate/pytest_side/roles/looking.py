"""The roles that run no test: one tells what a run would do, one lists the tests of checks."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, NoReturn

import pytest

from pytest_storedog_gate.errors import GateError, NoVerdict
from pytest_storedog_gate.gate import plan
from pytest_storedog_gate.pytest_side import exit_guard, garbage
from pytest_storedog_gate.pytest_side.collecting import collection
from pytest_storedog_gate.pytest_side.provided import provided
from pytest_storedog_gate.pytest_side.reporting import terminal

if TYPE_CHECKING:
    from collections.abc import Generator

    from pytest_storedog_gate.pytest_side.source import Census, Tagged
    from pytest_storedog_gate.settings.load import Settings


class _Looking:
    """What both do. Where it has a `_status`, that takes the place of pytest's."""

    _note: str
    _status: int | None = None

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        self._config, self._settings = config, settings

    def pytest_report_header(self) -> list[str]:
        described = self._settings.redact.document(self._settings.describe())
        return [*described, f"storedog-gate: {self._note}"]

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None]:
        try:
            return (yield)
        finally:
            if self._status is not None:
                session.exitstatus = self._status
            exit_guard.decided(self._config, int(session.exitstatus))


class Planner(_Looking):
    """Behind `--storedog-plan`: changes nothing, and exits 0 only if the run is possible."""

    _note = "plan only, nothing is changed"

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> bool:
        """Collects nothing: a plan needs no test, nor xdist's workers."""
        return True

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self) -> bool:
        redact = self._settings.redact
        try:
            told = plan.sentences(self._settings, provided(self._config))
            for number, done in enumerate(told, 1):
                terminal.progress(self._config, f"{number}. {redact(done)}")
        except GateError as error:
            self._status = int(error.exit_status)
            terminal.progress(self._config, f"impossible: {redact(str(error))}")
        else:
            self._status = 0
        return True


class Lister(_Looking):
    """Behind `--collect-only` in a run that only checks: editors discover tests with it."""

    _note = "lists only, nothing is run"

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        super().__init__(config, settings)
        environment = settings.environment.name
        collection.register(config, self, settings.config_path, environment, decides=False)

    def checks(self) -> list[Tagged]:
        """The checks with their tags; those known by ID alone where the service cannot be asked."""
        known: list[Tagged] = [(p, ()) for p in self._settings.requirements.public_ids]
        service = self._settings.synthetics
        if service.backend == "datadog" and service.api_key is None:
            return known
        try:
            with garbage.none_here(), ExitStack() as resources:
                checks = plan.checks(self._settings, resources)
        except GateError as error:
            why = self._settings.redact(str(error))
            terminal.raw(f"storedog-gate: checks are listed by ID alone: {why}")
            return known
        return [(check.public_id, check.definition.tags) for check in checks]

    def watches(self) -> list[str]:
        """None: a run that deploys nothing watches nothing."""
        return []

    def counted(self, census: Census) -> None:
        """Takes no note: nothing will be run."""

    def stopped(self) -> bool:
        return True

    def outcome(self, public_id: str, *_: object) -> NoReturn:
        raise NoVerdict(f"{public_id} is only listed")

    trigger = watched = outcome
