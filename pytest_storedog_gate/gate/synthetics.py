"""The Synthetics service that the settings name, and a client for it."""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_storedog_gate.datadog.calling.endpoint import Endpoint
from pytest_storedog_gate.datadog.calling.keys import Keys
from pytest_storedog_gate.errors import ConfigurationError, GateError

if TYPE_CHECKING:
    from pytest_storedog_gate.datadog.calling.clock import Clock
    from pytest_storedog_gate.datadog.client import SyntheticsClient
    from pytest_storedog_gate.gate.local_service import LocalService
    from pytest_storedog_gate.settings.load import Settings


# Most of what the checks of a run need is what the first of them need.
_TOLD = 100


class Service:
    """The Synthetics service of a run, until it is left.

    A local one of the run's own starts at once, and goes on.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings, self._resources = settings, ExitStack()
        said = settings.synthetics
        self._own: LocalService | None = None
        self._fault: GateError | None = None
        if said.url is None and said.backend == "local":
            try:
                self._own = self._started()
            except GateError as error:
                self._fault = error  # it waits: a run mends first what an earlier one left

    def connect(self, clock: Clock) -> SyntheticsClient:
        """A client, whose time begins to run, once the service answers.

        Raises ConfigurationError, NoVerdict.
        """
        # With requests, whose import takes as long as that of what the service answers with.
        from pytest_storedog_gate.datadog.batch import GRACE  # noqa: PLC0415
        from pytest_storedog_gate.datadog.client import SyntheticsClient  # noqa: PLC0415

        if self._fault is not None:
            raise self._fault
        said = self._settings.synthetics
        # Datadog's keys leave this process for nobody else.
        keys = Keys(said.api_key, said.app_key) if said.api_key and said.app_key else None
        if self._own is not None:
            # The service ends with the run, and its pages with it.
            evidence = os.path.relpath(self._settings.html) if self._settings.html else ""
            endpoint = replace(Endpoint.of_url(self._own.url), evidence=evidence)
            keys = Keys(self._own.key, self._own.key)
        elif said.url is not None:
            endpoint = Endpoint.of_url(said.url)
        else:
            endpoint = Endpoint.of_site(said.site, said.subdomain)
        client = SyntheticsClient(endpoint, keys, clock)
        # A new one begins with the trigger: a short batch must not cut the reading of tests short.
        client.deadline = clock.now() + self._settings.synthetics.batch_timeout + GRACE
        self._resources.callback(client.close)
        return client

    def dismiss(self) -> None:
        """Lets end what was started for it: nobody asks it any more."""
        if self._own is not None:
            self._own.dismiss()

    def leave(self) -> None:
        """Ends what was started for it."""
        self._resources.close()

    def _started(self) -> LocalService:
        said, requirements = self._settings.synthetics, self._settings.requirements
        if not (said.definitions or requirements.definitions):
            raise ConfigurationError(
                "the local Synthetics service has nothing to run: name the definition files in "
                'synthetics.definitions, e.g. ["checks/*.synthetics.json"]'
            )
        # With child processes, and what they may be told, which Datadog's own service needs not.
        from pytest_storedog_gate.gate import local_service  # noqa: PLC0415

        plan = self._settings.plan
        return self._resources.enter_context(
            local_service.running(
                said.definitions,
                smtp=said.smtp,
                # A plan changes nothing, and the service would make the directory.
                artifacts=None if plan else said.artifacts,
                soon=() if plan else requirements.public_ids[:_TOLD],
            )
        )
