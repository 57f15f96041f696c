"""The deployer of docs/how-to/deployers.md that deploys with Docker Compose, as it stands there."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import uuid
from typing import TYPE_CHECKING

import pytest
import requests

from tests import documented
from tests.conftest import MODES, Shop, http_check, missing
from tests.live.places import ENDPOINT
from tests.live.releases import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import GateProject
    from tests.live.images.factory import ImageFactory
    from tests.prepared.runs import Prepared

pytestmark = pytest.mark.live
TOML = """\
verdicts = "verdicts"
[synthetics]
backend = "local"
definitions = ["*.synthetics.json"]
batch_timeout = 60

[services.shop]
image = "{image}"
port = 8080

[environments.{name}]
gate = "shop"
services = ["shop"]
publish = {{ shop = "127.0.0.1:{port}" }}
engine = "{engine}"
checks = ["hea-lth-chk"]
overrides = {{ variables = {{ SHOP = "{shop}" }} }}
"""


@pytest.fixture(scope="session")
def compose() -> list[str]:
    """Compose as it is called here: Docker's plugin, or the program of its own."""
    plugin = ["docker", "compose"]
    if subprocess.run([*plugin, "version"], capture_output=True, check=False).returncode == 0:
        return plugin
    if shutil.which("docker-compose") is None:
        missing("live", "neither `docker compose` nor docker-compose")
    return ["docker-compose"]


class Composed:
    """A folder with the page's files, and an environment of its own on the engine."""

    def __init__(self, folder: Path, compose: list[str], images: ImageFactory) -> None:
        self.folder, self.images, self.compose = folder, images, compose
        self.name = f"c{uuid.uuid4().hex[:8]}"
        self.port = free_port()
        self.write("compose.yaml", "# compose.yaml")
        conftest = "the gate deploys with Docker Compose"
        self.write("conftest.py", conftest, ('["docker", "compose"]', json.dumps(compose)))

    def write(self, file: str, title: str, *changes: tuple[str, str]) -> None:
        text = documented.example(title)
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        (self.folder / file).write_text(text, "utf-8")

    def remove(self) -> None:
        variables = os.environ | {"SHOP_IMAGE": "none", "SHOP_AT": "127.0.0.1:"}
        for name in (self.name, f"{self.name}-next"):
            command = [*self.compose, "-p", name, "down", "-t", "1"]
            subprocess.run(command, cwd=self.folder, env=variables, capture_output=True, check=True)


class Gated:
    """What the gate deploys with it, and checks at a shop of the test's."""

    def __init__(self, composed: Composed, prepared: Prepared, shop: Shop) -> None:
        self.composed, self.shop = composed, shop
        self._prepared = prepared
        facts = {"image": composed.images.repository, "name": composed.name, "port": composed.port}
        text = TOML.format(**facts, engine=ENDPOINT, shop=shop.url)
        (composed.folder / "storedog.toml").write_text(text, "utf-8")
        check = http_check("hea-lth-chk", "/health", "the health route")
        text = json.dumps({"tests": [check]})
        (composed.folder / "all.synthetics.json").write_text(text, "utf-8")

    def command(self, release: str) -> list[str]:
        tag = self.composed.images(release).rpartition(":")[2]
        command = [sys.executable, "-m", "pytest", *MODES["no-xdist"], f"--rootdir={os.curdir}"]
        return [*command, f"--storedog-env={self.composed.name}", f"--storedog-image={tag}"]

    def run(self, release: str, *more: str) -> subprocess.CompletedProcess[str]:
        command = [*self.command(release), *more]
        return self._prepared.run(command, self.composed.folder, {"PATH": os.environ["PATH"]})

    def answer(self) -> str:
        return requests.get(f"http://127.0.0.1:{self.composed.port}/", timeout=5).text


@pytest.fixture(scope="module")
def deployed(
    prepared: Prepared,
    compose: list[str],
    images: ImageFactory,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Gated]:
    """One in which release 1 is live, deployed by the gate."""
    composed, shop = Composed(tmp_path_factory.mktemp("composed"), compose, images), Shop()
    made = Gated(composed, prepared, shop)
    shop.answers["/health"] = (200, "{}")
    try:
        done = made.run("1")
        assert done.returncode == 0, done.stdout
        yield made
    finally:
        shop.close()
        composed.remove()


@pytest.fixture
def gated(deployed: Gated) -> Iterator[Gated]:
    """The same for one test after another: each leaves release 1 live, but for the last."""
    assert deployed.answer() == "1"
    yield deployed
    deployed.shop.answers["/health"] = (200, "{}")
    deployed.shop.before_answer = lambda _path: None


def test_a_closed_gate_puts_the_previous_version_back(gated: Gated) -> None:
    gated.shop.answers["/health"] = (500, "{}")
    closed = gated.run("2")
    assert closed.returncode == 1, closed.stdout
    assert f"\nGATE CLOSED for {gated.composed.name}" in closed.stdout
    assert gated.answer() == "1"


def test_what_a_killed_run_left_is_put_back_by_the_next(gated: Gated) -> None:
    asked = threading.Event()
    gated.shop.before_answer = lambda _path: asked.set()
    with subprocess.Popen(
        gated.command("2"),
        cwd=gated.composed.folder,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        assert asked.wait(120)
        os.killpg(process.pid, signal.SIGKILL)
    assert gated.answer() == "2"
    gated.shop.answers["/health"] = (500, "{}")
    closed = gated.run("2")
    assert closed.returncode == 1, closed.stdout
    assert "recovered: " in closed.stdout
    assert gated.answer() == "1"


def test_the_gate_deploys_with_it(gated: Gated) -> None:
    planned = gated.run("2", "--storedog-plan")
    assert planned.returncode == 0, planned.stdout
    assert f"start {gated.composed.name} with it, instead of " in planned.stdout
    assert gated.answer() == "1"
    done = gated.run("2")
    assert done.returncode == 0, done.stdout
    assert gated.answer() == "2"


# By what the page says.
RELEASES = {"1": ("1", "serves"), "2": ("2", "serves"), "3": ("3", "exits")}
# One for each promise: Compose takes some seconds for each deployment.
SOME = "gone or killed_after_each_step[promote] or one_run"


# All of them, in parts that end before a test counts as hanging.
PARTS = ("put_back", "broken_off", "killed", "not (put_back or broken_off or killed)")


@pytest.mark.parametrize(
    "chosen", [SOME, *(pytest.param(part, marks=pytest.mark.long) for part in PARTS)]
)
def test_it_holds_to_what_deployers_have_to(
    project: GateProject, compose: list[str], images: ImageFactory, chosen: str
) -> None:
    """The page's own test of it, by a pytest of its own."""
    made = Composed(project.path, compose, images)
    tags = {page: images(*release).rpartition(":")[2] for page, release in RELEASES.items()}
    made.write(
        "test_deployer.py",
        "the tests of every deployer",
        ("r.example/shop", images.repository),
        ('{"version 1": "1", "version 2": "2", "error": "broken"}', json.dumps(tags)),
        ('"trial"', json.dumps(made.name)),
        ("18081", str(made.port)),
    )
    try:
        result = project.pytester.runpytest_subprocess(*project.mode, "-k", chosen)
    finally:
        made.remove()
    assert result.ret == 0, result.stdout.str()
    assert result.parseoutcomes()["passed"] >= 3
