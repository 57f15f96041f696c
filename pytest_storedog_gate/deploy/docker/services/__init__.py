"""The supporting services: all of an environment but the one under the gate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_storedog_gate.deploy.docker import journal
from pytest_storedog_gate.deploy.docker.images import fetch, resolve
from pytest_storedog_gate.deploy.docker.names import Names
from pytest_storedog_gate.deploy.docker.services import jobs
from pytest_storedog_gate.deploy.docker.services.surroundings import create_networks
from pytest_storedog_gate.deploy.docker.specification import outdated, specify
from pytest_storedog_gate.deploy.docker.strategies import recreate
from pytest_storedog_gate.deploy.docker.traffic import ports
from pytest_storedog_gate.deploy.references import ImageReference
from pytest_storedog_gate.outlets.side_by_side import side_by_side

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_storedog_gate.deploy import Build
    from pytest_storedog_gate.deploy.docker.engine import Engine
    from pytest_storedog_gate.deploy.environment import Environment, Service

_AT_ONCE = 4  # requests to registries


@dataclass(frozen=True)
class Standing:
    """One supporting service, and the image that the configuration means now.

    `outdated` says why its container has to be replaced, None where it is as it should be.
    """

    service: Service
    names: Names
    image: ImageReference
    outdated: str | None


def survey(engine: Engine, environment: Environment) -> Iterator[Standing]:
    """The supporting services in the file's order."""
    supporting = [each for each in environment.services if each.name != environment.gate]
    images = side_by_side(
        lambda service: resolve(engine, ImageReference.parse(service.image)),
        supporting,
        at_once=_AT_ONCE,
    )
    for service, image in zip(supporting, images, strict=True):
        where = Names.of(environment, service.name)
        reason = _outdated(engine, environment, service, image, where)
        yield Standing(service, where, image, reason)


def start(
    engine: Engine, environment: Environment, build: Build, progress: Callable[[str], None]
) -> dict[str, str]:
    """Creates networks that are absent and replaces each service that is not as it should be.

    Returns the last lines of the jobs that ran for that, by their names.
    """
    ran: dict[str, str] = {}
    for network in create_networks(engine, environment):
        progress(f"created the network {network}")
    outdated = [each for each in survey(engine, environment) if each.outdated is not None]
    # All new images are on the engine before any old container is touched.
    side_by_side(lambda standing: fetch(engine, standing.image), outdated, at_once=_AT_ONCE)
    for standing in outdated:
        spec = specify(environment, standing.service, standing.image, build)
        for address in spec.addresses:
            ports.require_free(engine, address, standing.names.live)
        ran |= jobs.run(engine, standing.names, standing.service, spec, progress)
        with journal.undone_on_failure(engine, standing.names):
            recreate.swap(engine, standing.names, spec)
        journal.conclude(engine, standing.names)
        image, why = standing.image.brief, standing.outdated
        progress(f"started {standing.names.live} with {image}: {why}")
    return ran


def _outdated(
    engine: Engine, environment: Environment, service: Service, image: ImageReference, where: Names
) -> str | None:
    live = engine.find(where.live)
    if live is None:
        return "it was not there"
    return outdated(environment, service, image, live)
