"""Everything of the pipeline, in order; each step leaves alone what is there already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scripts.progress import say, step
from scripts.state import database_password

from . import compose, gogs, images, repository, settings
from .drone import Drone

if TYPE_CHECKING:
    import docker

    from .settings import Settings


def ensure(engine: docker.DockerClient) -> Settings:
    """Gogs and Drone run, know each other, and wait for a push to the discounts repository."""
    images.ensure(engine)
    made = settings.write(engine, images.for_compose())
    with step("Gogs, Drone and its runner"):
        compose.up()
        secrets = {"gogs_token": gogs.ensure(made), "storedog_db_password": database_password()}
        Drone(made).ensure(secrets)
    return made


def remove(engine: docker.DockerClient) -> None:
    """Ends Gogs, Drone and the runner, and the steps that the runner can then no longer end."""
    compose.down()
    host = f"io.drone.system.host={settings.read().drone_host}"
    ours: dict[str, str | list[str] | bool] = {"label": host}
    for container in engine.containers.list(all=True, filters=ours):
        container.remove(force=True, v=True)
    for network in engine.networks.list(filters=ours):
        network.remove()
    for volume in engine.volumes.list(filters=ours):
        volume.remove()
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
