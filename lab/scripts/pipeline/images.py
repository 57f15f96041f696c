"""The images of the pipeline: the public ones, else the same programs on the lab's base image.

As a program it is lab/image, which builds the gate's own.
"""

from __future__ import annotations

import shutil
import tempfile
import tomllib
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from docker.errors import APIError

from lab.offline import base, programs
from lab.scripts import hub, images
from lab.scripts.machine import engine as machine
from lab.scripts.progress import say, step
from lab.scripts.state import LAB, STATE, one_sentence

if TYPE_CHECKING:
    import docker

_CONTEXTS = LAB / "offline" / "images"
_AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
_VERSION = tomllib.loads((LAB.parent / "pyproject.toml").read_text())["project"]["version"]
GATE = f"storedog-gate:{_VERSION}"
# By the stage of the Dockerfile.
_GATES = {"gate": GATE, "browser": f"{GATE}-browser"}
# The runner pulls what has no tag.
_CLONE = "storedog/clone:bookworm"
_DOCKER_CLI = "storedog/docker-cli:bookworm"
_PYTHON = "storedog/python:bookworm"


def main() -> None:
    """Builds the gate's images, and says what they are called and how large they are."""
    with one_sentence():
        client = machine.ensure()
        with step("the gate's images"):
            gates(client)
        for tag in _GATES.values():
            say(f"{tag}: {client.images.get(tag).attrs['Size'] / 1e6:.0f} MB")


def ensure(engine: docker.DockerClient) -> None:
    """Builds what Docker Hub does not have here, and the gate's own images from this checkout."""
    if hub.answers():
        gates(engine)
        return
    base.ensure(engine)
    # The ones wait for the processor, the others for packages.
    with step("images of the pipeline"), ThreadPoolExecutor(max_workers=2) as pool:
        for built in [pool.submit(_build_programs, engine), pool.submit(_build_steps, engine)]:
            built.result()


def gates(engine: docker.DockerClient) -> None:
    """Builds the gate's own images, each in the place of its earlier one."""
    arguments = {}
    if not hub.answers():
        base.ensure(engine)
        _build(engine, "python", _PYTHON, _AUTHORITIES)
        arguments["BASE"] = _PYTHON
    for target, tag in _GATES.items():
        earlier = {image.id for image in engine.images.list(tag) if image.id}
        images.build(engine, LAB.parent, tag, target=target, **arguments)
        for replaced in earlier - {engine.images.get(tag).id}:
            with suppress(APIError):  # a container still needs it
                engine.images.remove(replaced)


def for_compose() -> dict[str, str]:
    """The variables of the compose file that name images, where they are not the public ones."""
    if hub.answers():
        return {}
    return {
        "GOGS_IMAGE": _tag(programs.GOGS.name),
        "DRONE_IMAGE": _tag(programs.DRONE.name),
        "RUNNER_IMAGE": _tag(programs.RUNNER.name),
        "CLONE_IMAGE": _CLONE,
    }


def stand_ins() -> dict[str, str]:
    """The public images that `.drone.yml` names, each with what is there instead of it."""
    return {} if hub.answers() else {"docker:28-cli": _DOCKER_CLI}


def _tag(program: str) -> str:
    return f"storedog/{program}:built"


def _build_programs(engine: docker.DockerClient) -> None:
    for program in programs.ALL:
        _build(engine, program.name, _tag(program.name), program.ensure())


def _build_steps(engine: docker.DockerClient) -> None:
    _build(engine, "clone", _CLONE)
    _build(engine, "docker-cli", _DOCKER_CLI)
    gates(engine)


def _build(engine: docker.DockerClient, name: str, tag: str, *files: Path) -> None:
    """Builds a folder of lab/offline/images, with these files put beside its Dockerfile."""
    with tempfile.TemporaryDirectory(dir=STATE) as folder:
        context = Path(folder) / name
        shutil.copytree(_CONTEXTS / name, context)
        for file in files:
            shutil.copy(file, context)
        images.build(engine, context, tag, BASE=base.NAME)


if __name__ == "__main__":
    main()
