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
from tests.conftest import missing
from tests.live.places import ENDPOINT
from tests.live.releases import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import GateProject
    from tests.live.images.factory import ImageFactory

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
    """A project with the page's files, and an environment of its own on the engine."""

    def __init__(self, project: GateProject, compose: list[str], images: ImageFactory) -> None:
        self.project, self.images, self.compose = project, images, compose
        self.name = f"c{uuid.uuid4().hex[:8]}"
        self.port = free_port()
        self.write("compose.yaml", "# compose.yaml")
        conftest = "the gate deploys with Docker Compose"
        self.write("conftest.py", conftest, ('["docker", "compose"]', json.dumps(compose)))
        facts = {"image": images.repository, "name": self.name, "port": self.port}
        project.configuration(TOML.format(**facts, engine=ENDPOINT, shop=project.shop.url))

    def write(self, file: str, title: str, *changes: tuple[str, str]) -> None:
        text = documented.example(title)
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        (self.project.path / file).write_text(text, "utf-8")

    def run(self, release: str, *more: str) -> pytest.RunResult:
        tag = self.images(release).rpartition(":")[2]
        return self.project.run(f"--storedog-image={tag}", *more, env=self.name)

    def answer(self) -> str:
        return requests.get(f"http://127.0.0.1:{self.port}/", timeout=5).text

    def remove(self) -> None:
        variables = os.environ | {"SHOP_IMAGE": "none", "SHOP_AT": "127.0.0.1:"}
        for name in (self.name, f"{self.name}-next"):
            command = [*self.compose, "-p", name, "down", "-t", "1"]
            subprocess.run(
                command, cwd=self.project.path, env=variables, capture_output=True, check=True
            )


@pytest.fixture
def composed(project: GateProject, compose: list[str], images: ImageFactory) -> Iterator[Composed]:
    """One in which release 1 is live, deployed by the gate."""
    made = Composed(project, compose, images)
    try:
        done = made.run("1")
        assert done.ret == 0, done.stdout.str()
        assert made.answer() == "1"
        yield made
    finally:
        made.remove()


def test_the_gate_deploys_with_it(composed: Composed) -> None:
    planned = composed.run("2", "--storedog-plan")
    assert planned.ret == 0, planned.stdout.str()
    planned.stdout.fnmatch_lines([f"*start {composed.name} with it, instead of *"])
    assert composed.answer() == "1"
    assert composed.run("2").ret == 0
    assert composed.answer() == "2"


def test_a_closed_gate_puts_the_previous_version_back(composed: Composed) -> None:
    composed.project.shop.answers["/health"] = (500, "{}")
    closed = composed.run("2")
    assert closed.ret == 1, closed.stdout.str()
    closed.stdout.fnmatch_lines([f"GATE CLOSED for {composed.name}*"])
    assert composed.answer() == "1"


def test_what_a_killed_run_left_is_put_back_by_the_next(composed: Composed) -> None:
    tag = composed.images("2").rpartition(":")[2]
    command = [sys.executable, "-m", "pytest", *composed.project.mode]
    command += [f"--storedog-env={composed.name}", f"--storedog-image={tag}"]
    asked = threading.Event()
    composed.project.shop.before_answer = lambda _path: asked.set()
    with subprocess.Popen(
        command, cwd=composed.project.path, stdout=subprocess.DEVNULL, start_new_session=True
    ) as process:
        assert asked.wait(120)
        os.killpg(process.pid, signal.SIGKILL)
    assert composed.answer() == "2"
    composed.project.shop.answers["/health"] = (500, "{}")
    closed = composed.run("2")
    assert closed.ret == 1, closed.stdout.str()
    assert "recovered: " in closed.stdout.str()
    assert composed.answer() == "1"


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
    made = Composed(project, compose, images)
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
