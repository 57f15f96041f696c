"""Docker Compose, as a plugin of the client or as the older program.

Each checkout's pipeline is a project of its own: what another one left on this engine, which
only the other one's secrets open, is never taken for this one's.
"""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

from lab.scripts import logged
from lab.scripts.machine import packages
from lab.scripts.pipeline import settings
from lab.scripts.state import LAB

if TYPE_CHECKING:
    import docker

_FILE = LAB / "pipeline" / "compose.yaml"
_LABEL = "com.docker.compose.project"


def up() -> None:
    """Starts what does not run, and starts anew what has changed."""
    _run(settings.read().project, "up", "--detach", "--remove-orphans")


def down() -> None:
    """Removes the containers, their network and their volumes."""
    _run(settings.read().project, "down", "--volumes", "--remove-orphans")


def run_in(service: str, user: str, *command: str) -> None:
    """Runs a command in the service's container."""
    _run(settings.read().project, "exec", "-T", "--user", user, service, *command)


def others(engine: docker.DockerClient) -> set[str]:
    """The projects of other checkouts' pipelines that have containers on this engine."""
    containers = engine.containers.list(all=True, filters={"label": _LABEL})
    projects = {container.labels[_LABEL] for container in containers}
    pipelines = {project for project in projects if project.startswith(settings.PROJECTS)}
    return pipelines - {settings.read().project}


def end(project: str) -> None:
    """Removes another one's containers; its volumes stay, so that `lab/up` there has all again."""
    _run(project, "down", "--remove-orphans")


def _run(project: str, *arguments: str) -> None:
    command = [*_program(), "--project-name", project, "--file", str(_FILE)]
    command += ["--env-file", str(settings.FILE)]
    logged.run([*command, *arguments], "compose.log", what=f"docker compose {arguments[0]}")


def _program() -> list[str]:
    plugin = ["docker", "compose"]
    if shutil.which("docker"):
        found = subprocess.run([*plugin, "version"], capture_output=True, check=False)
        if found.returncode == 0:
            return plugin
    packages.need(docker_compose="docker-compose")
    return ["docker-compose"]
