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
    client.deadline = clock.now() + settings.batch_timeout + GRACE
    resources.callback(client.close)
    return client


def _service(settings: Settings, resources: ExitStack) -> tuple[Endpoint, Keys | None]:
    """Where to ask, and with which keys: those of Datadog leave this process for nobody else."""
    keys = None
    if settings.api_key and settings.app_key:
        keys = Keys(settings.api_key, settings.app_key)
    if settings.url is not None:
        return Endpoint.of_url(settings.url), keys
    if settings.backend != "local":
        return Endpoint.of_site(settings.site, settings.subdomain), keys
    if not (settings.definitions or settings.requirements.definitions):
        raise ConfigurationError(
            "the local Synthetics service has nothing to run: name the definition files in "
            'synthetics.definitions, e.g. ["checks/*.synthetics.json"]'
        )
    # A plan changes nothing, and the service would make the directory.
    artifacts = None if settings.plan else settings.artifacts
    service = resources.enter_context(
        local_service.running(settings.definitions, smtp=settings.smtp, artifacts=artifacts)
    )
    return Endpoint.of_url(service.url), Keys(service.key, service.key)
