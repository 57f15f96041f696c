"""A real engine, a real registry, and small images made for the tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import docker
import docker.errors
import pytest
import requests

from pytest_storedog_gate.deploy import ImageReference
from tests.conftest import missing
from tests.live.images.factory import BASE, ImageFactory
from tests.live.places import ENDPOINT, Place
from tests.live.releases import Pipeline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_storedog_gate.deploy.environment import Environment
    from tests.prepared.runs import Prepared


@pytest.fixture(scope="session")
def engine() -> Iterator[docker.DockerClient]:
    """The SDK's own client: what the tests see of the engine does not go through the gate."""
    try:
        client = docker.DockerClient(ENDPOINT, version="auto", timeout=60)
    except docker.errors.DockerException as error:
        missing("live", f"no Docker engine at {ENDPOINT}: {error}")
        raise
    yield client
    client.close()


@pytest.fixture(scope="session")
def registry() -> str:
    """The address of a registry that takes pushes without a login."""
    address = "127.0.0.1:5000"
    try:
        requests.get(f"http://{address}/v2/", timeout=5).raise_for_status()
    except requests.RequestException as error:
        missing("live", f"no registry at {address}: {error}")
    return address


@pytest.fixture(scope="session")
def images(engine: docker.DockerClient, registry: str) -> Iterator[ImageFactory]:
    """Makes test images and removes them at the end."""
    try:
        engine.images.get(BASE)
    except docker.errors.ImageNotFound:
        missing("live", f"no image {BASE} on the engine: lab/up builds it")
    factory = ImageFactory(engine, registry)
    yield factory
    factory.remove()


@pytest.fixture
def place(engine: docker.DockerClient, images: ImageFactory) -> Iterator[Place]:
    """An empty environment; everything in it is removed at the end."""
    made = Place(engine, images.repository)
    yield made
    made.remove()


@pytest.fixture
def run(place: Place) -> Callable[[Environment, str], str]:
    """Deploys a reference from start to end; returns the container's ID."""

    def deploy(environment: Environment, reference: str) -> str:
        journey = place.journey(environment)
        journey.lock(journey.resolve(ImageReference.parse(reference))).recover()
        live = journey.deploy()
        live.prove()
        live.conclude()
        journey.close()
        return str(place.engine.containers.get(place.live).id)

    return deploy


@pytest.fixture(scope="module")
def pipeline(
    engine: docker.DockerClient,
    registry: str,
    prepared: Prepared,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Pipeline]:
    """Staging and production, both on the good release."""
    assert registry
    made = Pipeline(engine, prepared, tmp_path_factory.mktemp("pipeline"))
    try:
        for environment in (made.staging, made.production):
            done = made.run(environment, "good")
            assert done.returncode == 0, done.stdout
        yield made
    finally:
        made.remove()
