"""The process that Datadog's provider speaks to."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.local_synthetics.account.terraform.configuration import HEADERS, KEYS
from tests.local_synthetics.account.terraform.provider import Provider
from tests.local_synthetics.proving.stages import STAGES
from tests.local_synthetics.servers.site import serving_site
from tests.local_synthetics.support.processes import running

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.local_synthetics.proving.stages import Request
    from tests.local_synthetics.support.service import Service

    Stages = Mapping[str, Request]


@pytest.fixture(scope="module")
def stages() -> Iterator[Stages]:
    """A real server for each kind of check, and the request for it."""
    with ExitStack() as held:
        yield {kind: held.enter_context(stage()) for kind, stage in STAGES.items()}


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with serving_site() as url:
        yield url


@pytest.fixture(scope="module")
def service(stages: Stages) -> Iterator[Service]:
    """The process, which trusts the authority of the stage for TLS."""
    with running(**KEYS) as (_, started):
        started.headers = HEADERS
        yield started


@pytest.fixture
def provider(service: Service) -> Provider:
    return Provider(service)
