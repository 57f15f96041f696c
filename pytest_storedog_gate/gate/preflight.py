"""What is found out before anything is deployed: Synthetics answers, and knows every check."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from pytest_storedog_gate.datadog.client import Endpoint, Keys, SyntheticsClient
from pytest_storedog_gate.errors import NoVerdict

from . import local_service

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import ExitStack

    from pytest_storedog_gate.datadog.models import Check
    from pytest_storedog_gate.datadog.selection import Selected
    from pytest_storedog_gate.settings import Settings

_THREADS = 8


def connect(settings: Settings, resources: ExitStack) -> SyntheticsClient:
    """A client for the service that the settings name; starts the local one where it is meant."""
    if settings.url is not None:
        endpoint = Endpoint.of_url(settings.url)
    elif settings.backend == "local":
        address = resources.enter_context(local_service.running(settings.definitions))
        endpoint = Endpoint.of_url(address)
    else:
        endpoint = Endpoint.of_site(settings.site)
    keys = None
    if settings.api_key and settings.app_key:
        keys = Keys(settings.api_key, settings.app_key)
    client = SyntheticsClient(endpoint, keys)
    resources.callback(client.close)
    return client


def definitions(client: SyntheticsClient, checks: Sequence[Selected]) -> list[Check]:
    """Every check's definition; refuses checks that are unknown or could not block."""
    public_ids = [check.public_id for check in checks]
    with ThreadPoolExecutor(_THREADS) as pool:
        answers = list(pool.map(client.check, public_ids))
    unknown = [p for p, answer in zip(public_ids, answers, strict=True) if answer is None]
    if unknown:
        raise NoVerdict(
            f"{client.endpoint.name} does not know {', '.join(unknown)}: check the public IDs, "
            "and the site or the definition files"
        )
    found = [answer for answer in answers if answer is not None]
    relaxed = [check for check in found if check.execution_rule != "blocking"]
    if relaxed:
        named = ", ".join(f"{check.public_id} ({check.execution_rule})" for check in relaxed)
        raise NoVerdict(
            f"required checks that Datadog would not let block: {named}; set their execution "
            "rule to blocking there, or take them out of the configuration"
        )
    return found
