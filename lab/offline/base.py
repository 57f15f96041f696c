"""The Debian image that everything is built on: from Docker Hub, else made with debootstrap."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from docker.errors import APIError, ImageNotFound

from lab.scripts import hub, logged
from lab.scripts.machine import packages
from lab.scripts.progress import say, step
from lab.scripts.state import STATE, LabError

if TYPE_CHECKING:
    import docker

_REPOSITORY, _TAG = "storedog/base", "bookworm"
NAME = f"{_REPOSITORY}:{_TAG}"


def ensure(engine: docker.DockerClient) -> str:
    """The base image's id; the engine keeps the image for the next time."""
    try:
        found = engine.images.get(NAME)
    except ImageNotFound:
        if not _from_hub(engine):
            _bootstrapped(engine)
        return str(engine.images.get(NAME).id)
    say(f"base image {NAME}: there already")
    return str(found.id)


def _from_hub(engine: docker.DockerClient) -> bool:
    if not hub.answers():
        return False
    with step("pulling debian:bookworm-slim"):
        try:
            image = engine.images.pull("debian", "bookworm-slim")
        except APIError:
            say("Docker Hub refused; the base image is made here")
            return False
        image.tag(_REPOSITORY, _TAG)
    return True


def _bootstrapped(engine: docker.DockerClient) -> None:
    packages.need(debootstrap="debootstrap")
    # What a failed run left mounted in there must not become an error on top of its own.
    with (
        step("making a Debian base image with debootstrap"),
        tempfile.TemporaryDirectory(dir=STATE, ignore_cleanup_errors=True) as folder,
    ):
        root = Path(folder) / "root"
        _debootstrap(root)
        _import(engine, root)


def _debootstrap(root: Path) -> None:
    logged.run(
        ["debootstrap", "--variant=minbase", "bookworm", str(root)],
        "debootstrap.log",
        what="debootstrap",
    )


def _import(engine: docker.DockerClient, root: Path) -> None:
    command = [
        *("tar", "--create", "--numeric-owner", f"--directory={root}"),
        *("--exclude=./var/cache/apt/*", "--exclude=./var/lib/apt/lists/*", "."),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as tar:
        answer = engine.api.import_image_from_stream(
            tar.stdout, repository=_REPOSITORY, tag=_TAG, changes=['CMD ["bash"]']
        )
    if tar.returncode != 0 or "error" in answer:
        raise LabError(f"the base image could not be imported: {answer.strip() or 'tar failed'}")
