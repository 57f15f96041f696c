"""What a real engine remembers, what it puts back, and which images it lets go."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from docker.errors import ImageNotFound

from pytest_storedog_gate.deploy import Build, Entry, ImageReference
from pytest_storedog_gate.deploy.docker.deployer import connected

if TYPE_CHECKING:
    from pytest_storedog_gate.deploy import History
    from pytest_storedog_gate.deploy.environment import Environment
    from tests.live.images.factory import ImageFactory
    from tests.live.places import Place

pytestmark = pytest.mark.live


class Remembered:
    """An environment of three small versions."""

    def __init__(self, place: Place, images: ImageFactory) -> None:
        self.place, self.said = place, list[str]()
        self.images = {r: ImageReference.parse(images(r)) for r in "123"}
        self.environment: Environment = replace(place.environment(), keep_images=2)

    def run(self, release: str | None = None, *, to: str = "") -> History:
        """Deploys a release, or goes back; gives the history after it."""
        build = Build("c0ffee", release)
        with connected(self.environment, build, self.said.append, str) as deployer:
            with deployer.lock() as held:
                if release is None:
                    found = deployer.history()
                    version = found.named(to) if to else found.before_live()
                    image, fetched = version.image, held.go_back(version)
                else:
                    image = deployer.resolve(self.images[release])
                    fetched = held.fetch(image)
                live = fetched.stage().promote()
                live.prove()
                live.conclude()
                entry = Entry(image, datetime.now(UTC), "open", live.deployment.deploy_id)
                held.remember(entry if release else replace(entry, rollback="asked for"))
            return deployer.history()

    def has(self, release: str, found: History) -> bool:
        """Whether the engine has the image of a release."""
        pinned = next(e.image.pinned for e in found.entries if e.image.tag == self.tag(release))
        try:
            self.place.engine.images.get(pinned)
        except ImageNotFound:
            return False
        return True

    def tag(self, release: str) -> str:
        return str(self.images[release].tag)


def test_versions_come_back_and_images_go(place: Place, images: ImageFactory) -> None:
    shop = Remembered(place, images)
    for release in "123":
        found = shop.run(release)
    assert [entry.image.tag for entry in found.entries] == [shop.tag(r) for r in "321"]
    assert found.live == found.entries[0]
    assert [shop.has(release, found) for release in "123"] == [False, True, True]
    first = str(found.entries[2].image.digest)
    shop.run()
    assert place.answer() == "2"
    found = shop.run(to=first[:19])
    assert place.answer() == "1"
    assert any("which the engine had no more" in line for line in shop.said)
    assert found.live == found.entries[0]
    assert found.live.rollback == "asked for"
    assert found.running
    assert not found.unfinished
    assert len(found.entries) == 5
    names = [str(volume.name) for volume in place.engine.volumes.list(filters={"name": place.live})]
    assert names == [f"{place.live}.history.5"]
