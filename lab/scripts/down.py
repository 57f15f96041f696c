"""lab/down: removes what lab/up and lab/test made, and nothing else."""

from __future__ import annotations

import argparse
import shutil
from typing import TYPE_CHECKING

from docker.errors import APIError

from lab.offline import base
from lab.offline.kubernetes import cluster
from lab.scripts import images
from lab.scripts.machine import engine, processes, registry
from lab.scripts.machine.swarm.engines import LAB as SWARM
from lab.scripts.pipeline import settings, setup
from lab.scripts.progress import say
from lab.scripts.state import KEYS, LAB, STATE, LabError, one_sentence

if TYPE_CHECKING:
    import docker

_ENVIRONMENTS = ("staging", "production")
_LABEL = "storedog.gate.env"
_NETWORKS = {f"storedog-{environment}" for environment in _ENVIRONMENTS}


def main() -> None:
    """Removes containers, networks and volumes, then clusters and processes, then the files."""
    parser = argparse.ArgumentParser(prog="lab/down", description=__doc__)
    parser.add_argument("--all", action="store_true", help="remove the built images as well")
    arguments = parser.parse_args()
    with one_sentence():
        client = engine.running()
        if client is None:
            raise LabError(
                "the Docker engine does not answer, so its containers cannot be removed; "
                "start it (lab/up does) and run lab/down again"
            )
        if settings.FILE.exists():
            setup.remove(client)
        _remove_environments(client)
        for name in SWARM.remove():
            say(f"stopped {name}")
        if cluster.down():
            say("removed Kubernetes")
        if arguments.all:
            _remove_images(client)
        for name in (registry.NAME, engine.NAME):
            if processes.stop(name):
                say(f"stopped {name}")
        for made_by_runs in (".storedog", ".pytest_cache", KEYS.name):
            shutil.rmtree(LAB / made_by_runs, ignore_errors=True)
        shutil.rmtree(STATE)
        say("removed lab/.state")


def _remove_environments(client: docker.DockerClient) -> None:
    for environment in _ENVIRONMENTS:
        ours: dict[str, str | list[str] | bool] = {"label": f"{_LABEL}={environment}"}
        for container in client.containers.list(all=True, filters=ours):
            # "none" is the lease of the environment's lock.
            if {*container.attrs["NetworkSettings"]["Networks"]} <= {*_NETWORKS, "none"}:
                container.remove(force=True, v=True)
                say(f"removed container {container.name}")
        for network in client.networks.list(filters=ours):
            if network.name in _NETWORKS:
                try:
                    network.remove()
                except APIError as error:
                    # Engines lose count of endpoints: https://github.com/moby/moby/issues/42119
                    say(f"left network {network.name}: {error.explanation}; restart the engine")
                else:
                    say(f"removed network {network.name}")
        for volume in client.volumes.list(filters=ours):
            if str(volume.name).startswith(f"{environment}-"):
                volume.remove()
                say(f"removed volume {volume.name}")


def _remove_images(client: docker.DockerClient) -> None:
    for image in client.images.list(filters={"label": images.CONTENT}):
        client.images.remove(str(image.id), force=True)
    if client.images.list(base.NAME):
        client.images.remove(base.NAME, force=True)
    say("removed the built images and the base image")


if __name__ == "__main__":
    main()
