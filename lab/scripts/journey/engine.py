"""The journey on the Docker engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from docker.errors import NotFound

from lab.scripts import images
from lab.scripts.journey.stops import Stop, must_offer_discounts, run_gate
from lab.scripts.machine import registry
from lab.scripts.state import LabError

if TYPE_CHECKING:
    import docker

SHOPS = {"staging": "http://127.0.0.1:18080", "production": "http://127.0.0.1:18090"}
JOURNEY = (
    Stop("good", "staging", 0, {"staging": "good"}),
    Stop("good", "production", 0, {"staging": "good", "production": "good"}),
    Stop("better", "staging", 0, {"staging": "better", "production": "good"}),
    Stop("better", "production", 0, {"staging": "better", "production": "better"}),
    Stop("renamed-field", "staging", 1, {"staging": "better", "production": "better"}),
)


def travel(engine: docker.DockerClient) -> None:
    """Makes the whole journey; raises at the first thing that is not as it should be."""
    for stop in JOURNEY:
        run_gate(stop)
        for environment, release in stop.live.items():
            _must_be_live(engine, environment, release)


def _must_be_live(engine: docker.DockerClient, environment: str, release: str) -> None:
    """The container, its image and the shop's answer all belong to the release."""
    digest = images.release_digest(release)
    name = f"{environment}-discounts"
    try:
        container = engine.containers.get(name)
    except NotFound:
        raise LabError(f"{release} must be live in {environment}; {name} does not exist") from None
    labelled = container.labels.get("storedog.gate.digest")
    held = engine.images.get(container.attrs["Image"]).attrs["RepoDigests"]
    if container.status != "running" or labelled != digest or not _named(held, digest):
        raise LabError(
            f"{release} ({digest}) must be live in {environment}; {name} is {container.status}, "
            f"labelled {labelled}, of the image {', '.join(held)}"
        )
    must_offer_discounts(environment, SHOPS[environment])


def _named(references: list[str], digest: str) -> bool:
    return f"{registry.ADDRESS}/storedog/discounts@{digest}" in references
