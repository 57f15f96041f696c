"""Projects that share an engine and all names of environments, services and volumes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_storedog_gate.deploy import ImageReference
from pytest_storedog_gate.deploy.docker.names import Names
from pytest_storedog_gate.deploy.docker.traffic import stopping
from pytest_storedog_gate.deploy.environment import Environment, Service
from tests.live.places import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    import docker

    from tests.live.images.factory import ImageFactory

pytestmark = [pytest.mark.live, pytest.mark.long]
PROJECTS, RUNS_OF_EACH, ROUNDS = 3, 4, 3
WAIT = 120.0  # s, for the lock of an environment that four runs want at once


class Project:
    """One whose `staging` has a shop and a database, as those of the others have."""

    def __init__(self, engine: docker.DockerClient, images: ImageFactory, release: int) -> None:
        self.place = Place(engine, images.repository)
        database = Service("db", images(f"db{release}"), volumes={"data": "/data"}, candidate="off")
        made = self.place.environment(services=(database,))
        # Places tell theirs apart by the name, which is the project's here.
        self.environment: Environment = replace(made, project=self.place.name, name="staging")
        self.place.live = Names.of(self.environment, "shop").live
        self.database = Names.of(self.environment, "db").live

    def deploy(self, image: str) -> str:
        """Deploys from start to end, once it is its turn; returns the release that it proved."""
        with closing(self.place.journey(self.environment)) as journey:
            reference = journey.resolve(ImageReference.parse(image))
            journey.lock(reference, wait=WAIT).recover()
            live = journey.deploy()
            live.prove()
            answer = self.place.answer()
            live.conclude()
        return answer

    def container(self) -> str:
        return str(self.place.engine.containers.get(self.database).id)

    def remove(self) -> None:
        self.place.remove()


@pytest.fixture
def projects(engine: docker.DockerClient, images: ImageFactory) -> Iterator[list[Project]]:
    made = [Project(engine, images, number) for number in range(PROJECTS)]
    yield made
    for project in made:
        project.remove()


def test_runs_at_once_leave_each_project_its_own(
    projects: list[Project], images: ImageFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twelve runs at once, three times: each deploys what it was given, and nobody else's goes."""
    monkeypatch.setattr(stopping, "_LONGEST_DRAIN", 0.0)
    for number, project in enumerate(projects):
        project.deploy(images(f"first{number}"))
    databases = [project.container() for project in projects]
    for turn in range(ROUNDS):
        wanted = [
            (project, f"{number}.{turn}.{run}")
            for run in range(RUNS_OF_EACH)
            for number, project in enumerate(projects)
        ]
        tags = {release: images(release) for _, release in wanted}
        with ThreadPoolExecutor(len(wanted)) as pool:
            runs = [pool.submit(project.deploy, tags[release]) for project, release in wanted]
            proved = [run.result() for run in runs]
        assert proved == [release for _, release in wanted]
        for number, project in enumerate(projects):
            assert project.place.answer().startswith(f"{number}.{turn}.")
            standing = dict.fromkeys((project.place.live, project.database), "running")
            assert project.place.containers() == standing
            assert project.place.answer(project.database) == f"db{number}"
        assert [project.container() for project in projects] == databases
