"""The compose file of docs/how-to/deploying/compose.md, deployed as it stands there."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

import pytest
import requests

from tests import documented
from tests.conftest import http_check
from tests.live.places import ENDPOINT, remove_network
from tests.live.releases import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    import docker

    from tests.conftest import GateProject
    from tests.live.images.factory import ImageFactory

pytestmark = pytest.mark.live
_PAGE = "deploying/compose.md"
_PASSWORD = "hunter2-of-the-database"


class Votes:
    """The page's files with images, an address and an environment of their own."""

    def __init__(
        self, project: GateProject, images: ImageFactory, engine: docker.DockerClient
    ) -> None:
        self.project, self.images, self.engine = project, images, engine
        self.name, self.port = f"v{uuid.uuid4().hex[:8]}", free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        first = images(program="votes.py")
        compose = documented.example("# compose.yaml", _PAGE)
        for old, new in {
            "registry.example.com/votes:1": first,
            "registry.example.com/postgres:15": "localhost:5000/storedog/db:15",
            "registry.example.com/redis:7": images.packaged("redis-server"),
        }.items():
            assert old in compose
            compose = compose.replace(old, new)
        (project.path / "compose.yaml").write_text(compose, "utf-8")
        (project.path / ".env").write_text(f"DB_PASSWORD={_PASSWORD}\n", "utf-8")
        text = documented.example("# storedog.toml", _PAGE)
        text = text.replace("environments.staging", f"environments.{self.name}")
        text = text.replace("127.0.0.1:18080", f"127.0.0.1:{self.port}")
        text = text.replace("gate =", f'engine = "{ENDPOINT}"\ngate =')
        project.configuration(text)
        check = http_check("vot-cnt-ted", "/vote", "a vote is counted")
        text = json.dumps({"tests": [check]}).replace("SHOP", "VOTES")
        (project.path / "checks").mkdir()
        file = project.path / "checks" / "votes.synthetics.json"
        # Four services have their part in it, perhaps on a machine that is busy.
        file.write_text(text.replace('"timeout": 5', '"timeout": 60'), "utf-8")

    def run(self, release: str, behaviour: str = "serves", *more: str) -> pytest.RunResult:
        image = self.images(release, behaviour, program="votes.py")
        return self.project.run(f"--storedog-image={image}", *more, env=self.name)

    def answer(self, path: str = "/") -> str:
        return requests.get(self.url + path, timeout=30).text

    def container(self, service: str) -> dict[str, object]:
        attributes: dict[str, object] = self.engine.api.inspect_container(f"{self.name}-{service}")
        return attributes

    def remove(self) -> None:
        for found in self.engine.api.containers(all=True, filters={"name": f"{self.name}-"}):
            self.engine.api.remove_container(found["Id"], force=True, v=True)
        remove_network(self.engine, f"storedog-{self.name}")
        for volume in self.engine.volumes.list(filters={"name": f"{self.name}-"}):
            volume.remove()


@pytest.fixture
def votes(
    project: GateProject, images: ImageFactory, engine: docker.DockerClient
) -> Iterator[Votes]:
    made = Votes(project, images, engine)
    try:
        yield made
    finally:
        made.remove()


def test_deployed_refused_and_put_back(votes: Votes) -> None:
    planned = votes.run("1", "serves", "--storedog-plan")
    assert planned.ret == 0, planned.stdout.str()
    starts = [line for line in planned.outlines if "start " in line]
    services = ("db", "cache", "worker", "web")
    # By the whole name: the tag of an image may begin with that of a service.
    order = [next(n for n in services if f"start {votes.name}-{n}" in line) for line in starts]
    assert order == [*services]

    assert votes.run("1").ret == 0
    assert votes.answer() == "1"
    assert votes.answer("/vote") == "hello, 2 votes"
    web = votes.container("web")
    assert web["HostConfig"]["Memory"] == 256 * 2**20  # type: ignore[index]
    assert web["HostConfig"]["RestartPolicy"]["Name"] == "always"  # type: ignore[index]
    supporting = {name: votes.container(name)["Id"] for name in ("db", "cache", "worker")}

    refused = votes.run("2", "loses-votes")
    assert refused.ret == 1
    refused.stdout.fnmatch_lines(["*GATE CLOSED*"])
    assert votes.answer() == "1"
    assert votes.answer("/vote") == "hello, 3 votes"
    assert _PASSWORD not in refused.stdout.str() + refused.stderr.str()
    assert _PASSWORD not in (votes.project.path / "report.json").read_text("utf-8")

    assert votes.run("3").ret == 0
    assert votes.answer() == "3"
    assert votes.answer("/vote") == "hello, 5 votes"
    assert {name: votes.container(name)["Id"] for name in supporting} == supporting
