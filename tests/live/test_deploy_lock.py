"""The environment's lock: one holder, free as soon as the holder is gone."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.deploy import Build, ImageReference
from pytest_storedog_gate.deploy.docker import lease as lease_module
from pytest_storedog_gate.errors import ConfigurationError, Locked, NoVerdict
from tests.live.runs_apart import FORKS, RunApart

if TYPE_CHECKING:
    from tests.live.images.factory import ImageFactory
    from tests.live.places import Journey, Place

pytestmark = [pytest.mark.live, FORKS]


@pytest.fixture
def image(place: Place, images: ImageFactory) -> ImageReference:
    """An image that is on the engine."""
    journey = place.journey(place.environment())
    resolved = journey.resolve(ImageReference.parse(images("1")))
    journey.lock(resolved)
    journey.close()
    return resolved


def test_held_by_another_run(place: Place, image: ImageReference) -> None:
    environment = place.environment()
    with RunApart(environment, str(image)) as other:
        started = time.monotonic()
        with pytest.raises(Locked) as caught:
            place.journey(environment).lock(image)
        assert time.monotonic() - started < 5
        text = str(caught.value)
        assert f"process {other.pid}" in text
        assert all(part in text for part in ["build 41", "http://drone.example/41", "since 20"])
        with pytest.raises(Locked):
            place.journey(environment).plan(image)


def test_free_at_once_when_the_holder_is_killed(place: Place, image: ImageReference) -> None:
    environment = place.environment()
    journey = place.journey(environment)
    with RunApart(environment, str(image)) as other:
        other.kill()
        started = time.monotonic()
        journey.lock(image, wait=10)
        assert time.monotonic() - started < 5
    journey.close()
    assert place.containers() == {}


def test_waiting_gets_it(place: Place, image: ImageReference) -> None:
    environment = place.environment()
    first, second = place.journey(environment), place.journey(environment)
    first.lock(image)
    with pytest.raises(Locked):
        second.lock(image, wait=0.5)
    release = threading.Timer(1.0, first.unlock)
    release.start()
    second.lock(image, wait=20)
    release.join()
    with pytest.raises(Locked):
        first.lock(image)


def test_only_one_of_many_gets_it(place: Place, image: ImageReference) -> None:
    environment = place.environment()
    journeys = [place.journey(environment) for _ in range(6)]
    outcomes: list[str] = []

    def take(journey: Journey) -> None:
        try:
            journey.lock(image)
            outcomes.append("won")
        except Locked:
            outcomes.append("locked")

    threads = [threading.Thread(target=take, args=(each,)) for each in journeys]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["locked"] * 5 + ["won"]


def test_a_lock_left_before_its_start_is_taken_over(
    place: Place, image: ImageReference, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease_module, "_STALE", 2.0)
    place.engine.containers.create(image.pinned, ["cat"], name=f"{place.name}.lock")
    journey = place.journey(place.environment())
    with pytest.raises(Locked):
        journey.lock(image)
    journey.lock(image, wait=20)
    assert place.containers() == {f"{place.name}.lock": "running"}


def test_a_lock_that_was_taken_away_is_noticed(place: Place, image: ImageReference) -> None:
    journey = place.journey(place.environment())
    journey.lock(image)
    place.engine.containers.get(f"{place.name}.lock").remove(force=True)
    with pytest.raises(NoVerdict, match="was lost"):
        journey.deploy()
    assert place.live not in place.containers()


def test_an_image_without_cat(place: Place, images: ImageFactory) -> None:
    bare = images.build("bare", 'FROM scratch\nCOPY service.py /service.py\nCMD ["/none"]')
    reference = ImageReference(images.repository, "bare", images.push(bare))
    with pytest.raises(ConfigurationError, match=f"environments.{place.name}.lock_image"):
        place.journey(place.environment()).lock(reference)
    assert place.containers() == {}
    with_cat = place.journey(place.environment(lock_image=images("1")))
    with_cat.lock(reference)
    assert place.containers() == {f"{place.name}.lock": "running"}


def test_who_holds_it_may_be_unknown(place: Place, image: ImageReference) -> None:
    place.journey(place.environment(), Build()).lock(image)
    with pytest.raises(Locked, match=rf"process {os.getpid()}, since 20"):
        place.journey(place.environment()).lock(image)
