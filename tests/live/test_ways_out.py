"""However a run ends while a deployment is open: its status says what was left."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import MODES, Shop, http_check
from tests.live.places import ENDPOINT, PORT, Place

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

    import docker

    from tests.live.images.factory import ImageFactory
    from tests.prepared.runs import Prepared

pytestmark = pytest.mark.live

TOML = """\
[synthetics]
backend = "local"
definitions = ["*.synthetics.json"]

[services.shop]
image = "{image}"
port = {port}
readiness = {{ http = "/", consecutive = 2 }}

[environments.{name}]
gate = "shop"
services = ["shop"]
strategy = "rename"
network = "{name}-net"
engine = "{engine}"
checks = ["hea-lth-chk"]
overrides = {{ variables = {{ SHOP = "{shop}" }} }}
"""
ENDS = {
    "os._exit(1) in a test": """
        import os
        def pytest_runtest_call(item):
            os._exit(1)
    """,
    "os._exit(0) of another thread": """
        import os, threading
        def pytest_runtest_call(item):
            threading.Thread(target=os._exit, args=(0,)).start()
            threading.Event().wait(60)
    """,
    "an error before ours at the end": """
        import pytest
        @pytest.hookimpl(wrapper=True, tryfirst=True)
        def pytest_sessionfinish():
            raise RuntimeError("broken")
            yield
    """,
    "an error after all": """
        def pytest_unconfigure():
            raise RuntimeError("broken")
    """,
    "sys.exit(256) after all": """
        import sys
        def pytest_unconfigure():
            sys.exit(256)
    """,
}


class Deployed:
    """An environment of one small service, and the folder from which the gate deploys there."""

    def __init__(self, place: Place, images: ImageFactory, prepared: Prepared, path: Path) -> None:
        self.place, self.path = place, path
        self._images, self._prepared = images, prepared

    def configure(self, shop: Shop) -> None:
        check = http_check("hea-lth-chk", "/health", "the health route")
        (self.path / "all.synthetics.json").write_text(json.dumps({"tests": [check]}), "utf-8")
        facts = {"image": self._images.repository, "port": PORT, "name": self.place.name}
        text = TOML.format(**facts, engine=ENDPOINT, shop=shop.url)
        (self.path / "storedog.toml").write_text(text, "utf-8")

    def run(self, release: str) -> subprocess.CompletedProcess[str]:
        tag = self._images(release).rpartition(":")[2]
        command = [sys.executable, "-m", "pytest", *MODES["no-xdist"]]
        command += [f"--storedog-env={self.place.name}", f"--storedog-image={tag}"]
        command += ["--storedog-report=report.json", "--rootdir", str(self.path)]
        return self._prepared.run(command, self.path, {"PATH": "/usr/bin:/bin"})

    def live(self) -> tuple[str, str]:
        """The ID of the live container, and what it answers."""
        return str(self.place.engine.containers.get(self.place.live).id), self.place.answer()

    def report(self) -> dict[str, Any]:
        report: dict[str, Any] = json.loads((self.path / "report.json").read_text("utf-8"))
        return report


@pytest.fixture(scope="module")
def deployed(
    engine: docker.DockerClient,
    images: ImageFactory,
    prepared: Prepared,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Deployed]:
    """One in which release 1 is live, deployed by the gate."""
    place, shop = Place(engine, images.repository), Shop()
    shop.answers["/health"] = (200, "{}")
    made = Deployed(place, images, prepared, tmp_path_factory.mktemp("deployed"))
    made.configure(shop)
    try:
        done = made.run("1")
        assert done.returncode == 0, done.stdout
        yield made
    finally:
        shop.close()
        place.remove()


@pytest.mark.parametrize("end", ENDS)
def test_no_way_out_leaves_a_deployment_open(deployed: Deployed, end: str) -> None:
    before = deployed.live()
    conftest = deployed.path / "conftest.py"
    lines = ENDS[end].split("\n")
    conftest.write_text("\n".join(line[8:] for line in lines), "utf-8")
    try:
        done = deployed.run("2")
    finally:
        conftest.unlink()
    assert done.returncode in (3, 8), done.stdout
    assert deployed.live() == before, "the previous version is back"
    assert before[1] == "1"
    assert "back as" in done.stdout
    assert done.stdout.rstrip().endswith(f"exit status {done.returncode}")
    assert deployed.report()["exit_status"] == done.returncode
    assert deployed.place.containers() == {deployed.place.live: "running"}


def test_what_cannot_be_kept_is_not_concluded(deployed: Deployed) -> None:
    before = deployed.live()
    verdicts = deployed.path / ".storedog" / "verdicts"
    kept = verdicts.rename(deployed.path / "kept")
    verdicts.write_text("a file where a folder should be", "utf-8")
    try:
        done = deployed.run("2")
    finally:
        verdicts.unlink()
        kept.rename(verdicts)
    assert done.returncode == 8, done.stdout
    assert deployed.live() == before, "the previous version is back"
    assert "GATE OPEN" not in done.stdout
