"""The role that deploys, triggers and decides while xdist's workers collect and run the tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_storedog_gate.pytest_side.roles.controller import Controller
from pytest_storedog_gate.pytest_side.worker_questions import Answers

if TYPE_CHECKING:
    from collections.abc import Generator

    from pytest_storedog_gate.gate.synthetics import Service
    from pytest_storedog_gate.settings.load import Settings


class OverWorkers(Controller):
    """Controller over workers; it collects nothing itself."""

    def __init__(self, config: pytest.Config, settings: Settings, service: Service) -> None:
        super().__init__(config, settings, service)
        if config.getoption("dist") == "each":
            raise pytest.UsageError(
                "--dist=each runs every check once per worker; use another --dist with the gate"
            )
        self._session: pytest.Session | None = None
        self._begun = False
        self._answers = Answers(self)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session: pytest.Session) -> None:
        self._session = session  # xdist's hooks do not bring it
        super().pytest_collection(session)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        if not node.gateway.spec.popen:
            raise pytest.UsageError("the gate's workers must be local: use -n NUMBER, not --tx")
        # xdist can send only plain values.
        node.workerinput["storedog_gate"] = {
            "path": str(self.settings.config_path),
            "environment": self.settings.environment.name,
            "decides": self.settings.deploy,
            "address": self._answers.address,
            "key": self._answers.key,
        }

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        """Deploys when the first worker has collected; no test is handed out before that."""
        if not self._begun and self._session is not None:
            self._begun = True
            # Workers wait for checks in the order in which xdist hands them out: -x must end that.
            stop_after = int(self.config.getoption("maxfail") or 0)
            self.begin(self._session, ids, stop_after=stop_after)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None]:
        self._answers.close()
        return (yield from super().pytest_sessionfinish(session))
