"""Docker Compose, as a plugin of the client or as the older program."""

from __future__ import annotations

import shutil
import subprocess

from scripts import logged, packages
from scripts.state import LAB

from . import settings

PROJECT = "storedog-pipeline"
_FILE = LAB / "pipeline" / "compose.yaml"


def up() -> None:
    """Starts what does not run, and starts anew what has changed."""
    _run("up", "--detach", "--remove-orphans")


def down() -> None:
    """Removes the containers, their network and their volumes."""
    _run("down", "--volumes", "--remove-orphans")


def run_in(service: str, user: str, *command: str) -> None:
    """Runs a command in the service's container."""
    _run("exec", "-T", "--user", user, service, *command)


def _run(*arguments: str) -> None:
    command = [*_program(), "--project-name", PROJECT, "--file", str(_FILE)]
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
