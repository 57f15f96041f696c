"""A client for the Synthetics service that the settings name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_storedog_gate.datadog.batch import GRACE
from pytest_storedog_gate.datadog.calling.endpoint import Endpoint
from pytest_storedog_gate.datadog.calling.keys import Keys
from pytest_storedog_gate.datadog.client import SyntheticsClient
from pytest_storedog_gate.errors import ConfigurationError
from pytest_storedog_gate.gate import local_service

if TYPE_CHECKING:
    from contextlib import ExitStack

    from pytest_storedog_gate.datadog.calling.clock import Clock
    from pytest_storedog_gate.settings.load import Settings


def connect(settings: Settings, resources: ExitStack, clock: Clock) -> SyntheticsClient:
    """Starts the local service where that is meant; the client's time begins to run."""
    endpoint, keys = _service(settings, resources)
    client = SyntheticsClient(endpoint, keys, clock)
    # A new one begins with the trigger: a short batch must not cut the reading of tests short.
    client.deadline = clock.now() + settings.synthetics.batch_timeout + GRACE
    resources.callback(client.close)
    return client


def _service(settings: Settings, resources: ExitStack) -> tuple[Endpoint, Keys | None]:
    """Where to ask, and with which keys: those of Datadog leave this process for nobody else."""
    said, keys = settings.synthetics, None
    if said.api_key and said.app_key:
        keys = Keys(said.api_key, said.app_key)
    if said.url is not None:
        return Endpoint.of_url(said.url), keys
    if said.backend != "local":
        return Endpoint.of_site(said.site, said.subdomain), keys
    if not (said.definitions or settings.requirements.definitions):
        raise ConfigurationError(
            "the local Synthetics service has nothing to run: name the definition files in "
            'synthetics.definitions, e.g. ["checks/*.synthetics.json"]'
        )
    # A plan changes nothing, and the service would make the directory.
    artifacts = None if settings.plan else said.artifacts
    service = resources.enter_context(
        local_service.running(said.definitions, smtp=said.smtp, artifacts=artifacts)
    )
    return Endpoint.of_url(service.url), Keys(service.key, service.key)
