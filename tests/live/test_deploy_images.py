"""From a tag to an image on the engine: only ever the digest that the registry has."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.deploy import ImageReference
from pytest_storedog_gate.errors import ConfigurationError, DeploymentFailed, NoVerdict
from tests.live.images.fault_registry import fault_registry

if TYPE_CHECKING:
    from tests.live.images.factory import ImageFactory
    from tests.live.places import Place

pytestmark = pytest.mark.live


def test_a_tag_is_resolved_without_pulling(place: Place, images: ImageFactory) -> None:
    reference = images("1")
    for image in place.engine.images.list(images.repository):
        place.engine.images.remove(str(image.id), force=True)
    found = place.journey(place.environment()).resolve(ImageReference.parse(reference))
    assert found.digest == images.digest(reference)
    assert str(found) == f"{reference}@{found.digest}"
    assert place.engine.images.list(images.repository) == []


def test_a_digest_is_looked_up_too(place: Place, images: ImageFactory) -> None:
    journey = place.journey(place.environment())
    known = ImageReference(images.repository, None, images.digest(images("1")))
    assert journey.resolve(known) == known
    unknown = replace(known, digest="sha256:" + "0" * 64)
    with pytest.raises(DeploymentFailed, match="does not know"):
        journey.resolve(unknown)


@pytest.mark.parametrize("path", ["{0}:no-such-tag", "{0}-nowhere:1"])
def test_an_unknown_image(place: Place, images: ImageFactory, path: str) -> None:
    images("1")
    reference = path.format(images.repository)
    with pytest.raises(DeploymentFailed, match=f"127.0.0.1:5000 does not know {reference}"):
        place.journey(place.environment()).resolve(ImageReference.parse(reference))


def test_no_tag_is_not_latest(place: Place, images: ImageFactory) -> None:
    with pytest.raises(ConfigurationError, match="neither a tag nor a digest"):
        place.journey(place.environment()).resolve(ImageReference.parse(images.repository))


def test_no_registry(place: Place) -> None:
    journey = place.journey(place.environment())
    with pytest.raises(NoVerdict, match=r"registry 127\.0\.0\.1:1 cannot be asked"):
        journey.resolve(ImageReference.parse("127.0.0.1:1/shop:1"))


def test_not_logged_in(place: Place) -> None:
    journey = place.journey(place.environment())
    with (
        fault_registry("unauthorised") as address,
        pytest.raises(NoVerdict, match=f"docker login {address}"),
    ):
        journey.resolve(ImageReference.parse(f"{address}/shop:1"))


@pytest.mark.parametrize("fault", ["lost blob", "garbled blob"])
def test_a_pull_that_breaks_off_does_not_use_the_old_image(
    place: Place, images: ImageFactory, fault: str
) -> None:
    journey = place.journey(place.environment())
    place.engine.images.pull(images("1"))
    with fault_registry(fault) as address:
        # The trap: the engine has an older image under the very tag that is asked for.
        stale = f"{address}/shop"
        place.engine.images.get(images("1")).tag(stale, "1")
        try:
            image = journey.resolve(ImageReference.parse(f"{stale}:1"))
            with pytest.raises(DeploymentFailed, match="the old image was not used"):
                journey.lock(image)
        finally:
            place.engine.images.remove(f"{stale}:1")


def test_a_moved_tag_changes_nothing_after_it_was_resolved(
    place: Place, images: ImageFactory
) -> None:
    first, second = images("1"), images("2")
    journey = place.journey(place.environment())
    moving = f"{images.repository}:moving"
    for reference in (first, second):
        place.engine.images.pull(reference)
    place.engine.images.get(first).tag(moving)
    images.push(moving)
    image = journey.resolve(ImageReference.parse(moving))
    place.engine.images.get(second).tag(moving)
    images.push(moving)
    journey.lock(image)
    journey.deploy().prove()
    assert image.digest == images.digest(first)
    assert place.answer() == "1"
