"""The roles that run no test.

One tells what a run would do, one what runs have done, and one lists the tests of checks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import pytest

from pytest_storedog_gate.errors import GateError, NoVerdict
from pytest_storedog_gate.gate import going_back, plan
from pytest_storedog_gate.outlets import whole_file
from pytest_storedog_gate.pytest_side import exit_guard, garbage
from pytest_storedog_gate.pytest_side.collecting import collection
from pytest_storedog_gate.pytest_side.provided import provided
from pytest_storedog_gate.pytest_side.reporting import standard_error, terminal
from pytest_storedog_gate.reports import history
from pytest_storedog_gate.verdicts.record_json import encoded

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


class _Telling(_Looking):
    """Tells something instead of running tests; what cannot be told ends with its own status."""

    _failing = ""  # before the sentence that says why it cannot

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> bool:
        """Collects nothing: this needs no test, nor xdist's workers."""
        return True

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self) -> bool:
        try:
            self._tell()
        except GateError as error:
            self._status = int(error.exit_status)
            told = self._settings.redact(str(error))
            terminal.progress(self._config, f"{self._failing}{told}")
        else:
            self._status = 0
        return True

    def _tell(self) -> None:
        raise NotImplementedError


class Planner(_Telling):
    """Behind `--storedog-plan`: changes nothing, and exits 0 only if the run is possible."""

    _note = "plan only, nothing is changed"
    _failing = "impossible: "

    def _tell(self) -> None:
        redact = self._settings.redact
        told = plan.sentences(self._settings, provided(self._config))
        for number, done in enumerate(told, 1):
            terminal.progress(self._config, f"{number}. {redact(done)}")


class Historian(_Telling):
    """Behind `--storedog-history`: changes nothing, and needs neither lock, image nor keys."""

    def pytest_report_header(self) -> list[str]:
        """Without the checks and their service, which have no part in this."""
        shown = self._settings.config_shown
        return [f"storedog-gate: history only, nothing is changed; configuration {shown}"]

    def _tell(self) -> None:
        settings = self._settings
        found = going_back.looked_up(settings, provided(self._config))
        try:
            if settings.report is not None:
                data = history.as_json(found, settings.environment.name, settings.environment.gate)
                with whole_file.prepare(
                    settings.report, encoded(settings.redact.document(data))
                ) as it:
                    it.commit()
            where = f"{settings.environment.name}, service {settings.environment.gate}"
            terminal.progress(self._config, f"history of {where}, newest first")
            terminal.table(self._config, history.lines(found, settings.redact))
        except OSError as error:
            raise NoVerdict(f"the history cannot be written: {error.strerror or error}") from None


class Lister(_Looking):
    """Behind `--collect-only` in a run that only checks: editors discover tests with it."""

    _note = "lists only, nothing is run"

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        super().__init__(config, settings)
        environment = settings.environment.name
        collection.register(config, self, settings.config_path, environment, decides=False)

    def checks(self) -> list[Tagged]:
        """The checks, with tags for `-m` and `-k`; by ID alone where nobody can be asked."""
        known: list[Tagged] = [(p, ()) for p in self._settings.requirements.public_ids]
        service = self._settings.synthetics
        if service.backend == "datadog" and service.api_key is None:
            return known
        selects = self._config.getoption("markexpr") or self._config.getoption("keyword")
        try:
            with garbage.none_here():
                return plan.listed(self._settings, tags=bool(selects))
        except GateError as error:
            why = self._settings.redact(str(error))
            standard_error.say(f"storedog-gate: checks are listed by ID alone: {why}")
            return known

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
