"""Everything of the pipeline, in order; each step leaves alone what is there already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.scripts.pipeline import compose, gogs, images, repository, settings
from lab.scripts.pipeline.drone import Drone
from lab.scripts.progress import say, step
from lab.scripts.state import database_password, signing_key

if TYPE_CHECKING:
    import docker

    from lab.scripts.pipeline.settings import Settings


def ensure(engine: docker.DockerClient) -> Settings:
    """Gogs and Drone run, know each other, and wait for a push to the discounts repository."""
    images.ensure(engine)
    made = settings.write(engine, images.for_compose())
    with step("Gogs, Drone and its runner"):
        _end_others(engine, made)
        compose.up()
        secrets = {
            "gogs_token": gogs.ensure(made),
            "storedog_db_password": database_password(),
            "storedog_signing_key": signing_key(),
        }
        Drone(made).ensure(secrets)
    return made


def remove(engine: docker.DockerClient) -> None:
    """Ends Gogs, Drone and the runner, and the steps that the runner can then no longer end."""
    compose.down()
    _remove_steps(engine, settings.read())
    if repository.KEPT.exists():
        # The steps that wrote there were root, who ran the lab may be somebody else.
        engine.containers.run(
            images.GATE,
            ["find", "/kept", "-mindepth", "1", "-delete"],
            user="root",
            volumes=[f"{repository.KEPT}:/kept"],
            remove=True,
        )
    say("removed Gogs, Drone and the runner")


def _end_others(engine: docker.DockerClient, ours: Settings) -> None:
    """Makes room: the pipelines of all checkouts use the same ports."""
    for project in compose.others(engine):
        compose.end(project)
        _remove_steps(engine, ours)
        say(f"ended {project}, the pipeline of another checkout")


def _remove_steps(engine: docker.DockerClient, pipeline: Settings) -> None:
    host = f"io.drone.system.host={pipeline.drone_host}"
    steps: dict[str, str | list[str] | bool] = {"label": host}
    for container in engine.containers.list(all=True, filters=steps):
        container.remove(force=True, v=True)
    for network in engine.networks.list(filters=steps):
        network.remove()
    for volume in engine.volumes.list(filters=steps):
        volume.remove()
