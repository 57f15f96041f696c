"""The role that deploys, triggers and decides, and runs the tests as well: one process."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.pytest_side.collecting import collection
from pytest_storedog_gate.pytest_side.roles import signals
from pytest_storedog_gate.pytest_side.roles.controller import Controller

if TYPE_CHECKING:
    from collections.abc import Generator

    from pytest_storedog_gate.gate.synthetics import Service
    from pytest_storedog_gate.settings.load import Settings


class InProcess(Controller):
    """Controller and collector in one process."""

    def __init__(self, config: pytest.Config, settings: Settings, service: Service) -> None:
        super().__init__(config, settings, service)
        environment = settings.environment.name
        collection.register(
            config, self, settings.config_path, environment, decides=settings.deploy
        )
        self._waiting: dict[str, list[pytest.Item]] = {}
        self._places: dict[pytest.Item, int] = {}
        self._ran: set[pytest.Item] = set()
        self._at_last: pytest.Item | None = None  # the one that has waited, and runs now
        self._broken_off: dict[pytest.Item, BaseException] = {}
        self._seen = 0

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Deploys after collection and before the first test."""
        self.begin(session, [item.nodeid for item in session.items])
        for number, item in enumerate(session.items):
            self._places[item] = number
            if item.nodeid in self.node_ids:
                self._waiting.setdefault(self.node_ids[item.nodeid], []).append(item)
        return (yield)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(
        self, item: pytest.Item, nextitem: pytest.Item | None
    ) -> bool | None:
        """Runs the tests of checks in the order in which their results arrive."""
        if item is self._at_last:
            return None
        if item in self._ran:
            return True
        self._ran.add(item)
        outcomes, own = self.run.outcomes, self.node_ids.get(item.nodeid)
        while own is not None and own not in outcomes.known:
            try:
                arrived = outcomes.arrival(self._seen)
            except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001  # pytest-timeout's
                self._broken_off[item] = error
                break
            if arrived is None:
                break
            self._seen += 1
            for sooner in self._waiting.get(arrived, []):
                # Of the same collector: fixtures of another one may still be set up.
                if sooner not in self._ran and sooner.parent is item.parent:
                    with signals.alarm_kept():
                        sooner.ihook.pytest_runtest_protocol(item=sooner, nextitem=item)
                    _stop_if_asked(item.session)
        if nextitem not in self._ran:
            return None
        # What is torn down after a test is what the next one that runs does not need.
        later = islice(item.session.items, self._places[item] + 1, None)
        left = (one for one in later if one not in self._ran)
        self._at_last = item
        item.ihook.pytest_runtest_protocol(item=item, nextitem=next(left, None))
        return True

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Lets what broke the waiting off be the test's own error: it has begun only now."""
        if (error := self._broken_off.pop(item, None)) is not None:
            raise error


def _stop_if_asked(session: pytest.Session) -> None:
    """What pytest's own loop does after each test."""
    if session.shouldfail:
        raise session.Failed(session.shouldfail)
    if session.shouldstop:
        raise session.Interrupted(session.shouldstop)
