"""The role that deploys, triggers and decides, and runs the tests as well: one process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.pytest_side.collecting import collection
from pytest_storedog_gate.pytest_side.reporting.attaching import allure
from pytest_storedog_gate.pytest_side.roles.controller import Controller
from pytest_storedog_gate.pytest_side.roles.loop import Loop

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
        allure.register(config, self)
        config.pluginmanager.register(Loop(self.run.outcomes, self.node_ids))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Deploys after collection and before the first test."""
        self.begin(session, [item.nodeid for item in session.items])
        return (yield)
