"""The whole gate on a Swarm by the command that a pipeline runs: checks before traffic."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.conftest import WITHOUT_OTHERS, http_check
from tests.swarm.places import LISTENS, PREVIEWED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_storedog_gate.deploy import ImageReference
    from tests.live.images.factory import ImageFactory
    from tests.prepared.runs import Prepared
    from tests.swarm.places import Place

pytestmark = [pytest.mark.swarm, PREVIEWED]
TOML = """\
[synthetics]
backend = "local"
definitions = ["*.synthetics.json"]
batch_timeout = 60

[services.shop]
image = "{image}"
port = 8080

[environments.{name}]
platform = "swarm"
gate = "shop"
services = ["shop"]
engine = "{manager}"
swarm = {{ service = "{service}", timeout = 180 }}
checks = ["shp-say-its"]
preview = "{preview}"
overrides = {{ variables = {{ SHOP = "http://{preview}" }} }}
"""
# Releases 1 and 2 pass it. 5 is ready as they are, and what it answers is wrong.
SAYS = {"type": "body", "operator": "matches", "target": "^[12]$"}


class Shop:
    """A project whose service is in the Swarm, with one check."""

    def __init__(self, place: Place, prepared: Prepared, folder: Path) -> None:
        self.place, self._prepared, self._folder = place, prepared, folder
        check = http_check("shp-say-its", "/", "what the page says")
        check["localTestDefinition"]["config"]["assertions"].append(SAYS)  # type: ignore[index]
        (folder / "all.synthetics.json").write_text(json.dumps({"tests": [check]}))
        text = TOML.format(
            image=place.old.repository,
            name=place.name,
            manager=place.door.swarm.manager,
            service=place.service,
            preview=place.preview,
        )
        (folder / "storedog.toml").write_text(text)

    def deploy(self, image: ImageReference) -> subprocess.CompletedProcess[str]:
        return self._prepared.run(self._command(image), self._folder, {"PATH": "/usr/bin:/bin"})

    def killed_at_its_checks(self, image: ImageReference) -> None:
        command, pipe = self._command(image), subprocess.PIPE
        with subprocess.Popen(command, cwd=self._folder, stdout=pipe, text=True) as process:
            assert process.stdout is not None
            for line in process.stdout:
                if "triggered" in line:
                    process.kill()
        assert process.returncode == -9

    def _command(self, image: ImageReference) -> list[str]:
        command = [sys.executable, "-m", "pytest", "-p", "no:xdist", *WITHOUT_OTHERS]
        command += [f"--storedog-env={self.place.name}", f"--storedog-image={image.pinned}"]
        return [*command, "--storedog-lock-wait=60", "--rootdir", str(self._folder)]


@contextmanager
def asked(place: Place) -> Iterator[Counter[str]]:
    """What clients get meanwhile."""
    seen, over = Counter[str](), threading.Event()

    def ask() -> None:
        while not over.is_set():
            seen.update(place.door.ask_often(place.service))

    client = threading.Thread(target=ask)
    client.start()
    try:
        yield seen
    finally:
        over.set()
        client.join()


def test_what_a_check_refuses_before_traffic_nobody_has_seen(
    place: Place, images: ImageFactory, prepared: Prepared, tmp_path: Path
) -> None:
    """Neither where the run ends, nor where it is killed at its checks."""
    shop, wrong = Shop(place, prepared, tmp_path), place.named(images("5", more=LISTENS), images)
    done = shop.deploy(place.old)
    assert done.returncode == 0, done.stdout
    before = place.inspect()
    with asked(place) as seen:
        done = shop.deploy(wrong)
        assert done.returncode == 1, done.stdout
        assert "the candidate was given no traffic: shp-say-its: " in done.stdout
        assert place.candidates == []
        shop.killed_at_its_checks(wrong)
        assert len(place.candidates) == 1
    assert set(seen) == {"1"}
    assert place.inspect() == before
    done = shop.deploy(place.new)
    assert done.returncode == 0, done.stdout
    assert f"recovered: removed {place.service}-preview, a candidate that" in done.stdout
    assert place.answer() == place.new.digest
    assert place.candidates == []
