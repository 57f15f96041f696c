"""From a reference to an image on the engine, by digest alone."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_storedog_gate.deploy.registry.words import from_registry
from pytest_storedog_gate.errors import ConfigurationError, DeploymentFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_storedog_gate.deploy.docker.engine import Engine
    from pytest_storedog_gate.deploy.docker.names import Names
    from pytest_storedog_gate.deploy.reaching.engine_address import EngineAddress
    from pytest_storedog_gate.deploy.references import ImageReference


def resolve(engine: Engine, reference: ImageReference) -> ImageReference:
    """The reference with the digest that the registry has for it; nothing is pulled."""
    if reference.tag is None and reference.digest is None:
        raise ConfigurationError(
            f"{reference} names neither a tag nor a digest, and no tag is assumed: say which "
            f"image, as in {reference}:1.2"
        )
    return replace(reference, digest=engine.digest(reference))


def resolved(
    address: EngineAddress, reference: ImageReference, redact: Callable[[str], str]
) -> ImageReference:
    """The same by the engine at an address, for a run that deploys nothing."""
    # Strategies import this file where the configuration is read, long before Docker's SDK is used.
    from pytest_storedog_gate.deploy.docker.engine import Engine  # noqa: PLC0415

    with closing(Engine(address, redact)) as engine:
        return resolve(engine, reference)


def fetch(engine: Engine, image: ImageReference) -> None:
    """Pulls the digest. An image of the same tag that the engine has already is never used."""
    for message in engine.pull(image):
        if text := message.get("error"):
            # The SDK's own pull swallows this and returns the stale local image.
            raise from_registry(text, image) or DeploymentFailed(
                f"pulling {image} broke off ({text}): see that the engine's disk and the registry "
                "are sound; the old image was not used"
            )
    local = engine.image(image.pinned)
    if local is None or image.pinned not in (local.get("RepoDigests") or ()):
        raise DeploymentFailed(
            f"{image} was pulled, but the engine has no image under {image.pinned}: the old image "
            "was not used"
        )


def declared_volumes(engine: Engine, reference: str) -> frozenset[str]:
    """The folders that an image on the engine wants a volume for."""
    image = engine.image(reference) or {}
    return frozenset((image.get("Config") or {}).get("Volumes") or ())


def standing(engine: Engine, names: Names) -> str | None:
    """The ID of an image that stands in the environment already, and so needs no registry.

    What needs recovery has left containers.
    """
    for name in (names.live, names.previous, names.candidate):
        if found := engine.find(name):
            return found.image_id
    return None
