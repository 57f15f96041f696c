"""The real Gogs, Drone, registry and shops, as `lab/up --pipeline` starts them."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import docker
import docker.errors
import pytest
import requests

from lab.scripts.pipeline import repository
from tests.conftest import missing
from tests.pipeline.drone import Build, Drone
from tests.repository import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

LAB = ROOT / "lab"
_FOLDER = LAB / ".state" / "pipeline"
_REPOSITORY = "storedog/discounts"
_LIST = "/services/discounts/discount"
_SHOPS = {"staging": "http://127.0.0.1:18080", "production": "http://127.0.0.1:18090"}


@dataclass(frozen=True)
class Live:
    """What serves in an environment: the container, the digest that it was deployed by, answers."""

    container: str
    digest: str
    build: str
    discounts: Any


class Pipeline:
    """Everything between a push and production, looked at from outside."""

    def __init__(self, engine: docker.DockerClient, drone: Drone, gogs: str) -> None:
        self.engine = engine
        self.drone = drone
        self.gogs = gogs

    def push(self, release: str) -> Build:
        """The build that a push of the release called for; it has only begun."""
        done = subprocess.run([LAB / "push", release], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return self.drone.of_commit(done.stdout.strip())

    def run(self, release: str) -> Build:
        """The build of a push, ended."""
        return self.drone.finished(self.push(release))

    def digest(self, build: Build) -> str:
        """What the registry has under the tag that the build pushed."""
        return self.digest_of_tag(build.commit[:12])

    def digest_of_tag(self, tag: str) -> str:
        """What the registry has under a tag of discounts."""
        reference = f"localhost:5000/{_REPOSITORY}:{tag}"
        return str(self.engine.images.get_registry_data(reference).id)

    def live(self, environment: str) -> Live:
        """What serves there; the engine's own view of the image agrees with the label."""
        container = self.engine.containers.get(f"{environment}-discounts")
        assert container.status == "running"
        digest = container.labels["storedog.gate.digest"]
        image = self.engine.images.get(container.attrs["Image"])
        assert f"localhost:5000/{_REPOSITORY}@{digest}" in image.attrs["RepoDigests"]
        answer = requests.get(_SHOPS[environment] + _LIST, timeout=10)
        answer.raise_for_status()
        build = container.labels["storedog.gate.build"]
        return Live(str(container.id), digest, build, answer.json())

    def comments(self) -> list[str]:
        """What the gate has said in Gogs, on the issue for its verdicts."""
        answer = requests.get(
            f"{self.gogs}/api/v1/repos/{_REPOSITORY}/issues/1/comments",
            headers={"Authorization": f"token {(_FOLDER / 'gogs-token').read_text()}"},
            timeout=10,
        )
        answer.raise_for_status()
        return [comment["body"] for comment in answer.json()]

    def report(self, build: Build, environment: str) -> dict[str, Any]:
        """The verdict that the build's step left, found where it is kept after the build."""
        path = repository.report(environment, build.number)
        assert path.with_suffix(".xml").exists()
        report: dict[str, Any] = json.loads(path.read_text())
        return report


@pytest.fixture(scope="session")
def pipeline() -> Iterator[Pipeline]:
    """The lab's pipeline, whatever is in production."""
    try:
        lines = (_FOLDER / "env").read_text().splitlines()
        engine = docker.from_env(version="auto", timeout=60)
    except (FileNotFoundError, docker.errors.DockerException) as error:
        missing("pipeline", f"no pipeline: lab/up --pipeline starts it ({error})")
    values = dict(line.split("=", 1) for line in lines)
    address = f"http://{values['PIPELINE_ADDRESS']}"
    drone = Drone(f"{address}:8000", values["DRONE_TOKEN"], _REPOSITORY)
    yield Pipeline(engine, drone, f"{address}:3000")
    engine.close()


@pytest.fixture(scope="session")
def better(pipeline: Pipeline) -> Build:
    """The build of a good release, which is in production now."""
    build = pipeline.run("better")
    assert build.status == "success", build.facts
    return build
